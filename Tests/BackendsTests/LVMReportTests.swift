import Linux
import Testing

@testable import Backends

@Suite struct LVMReportTests {
  private func fixture(_ name: String) throws -> String {
    let here = #filePath.split(separator: "/").dropLast().joined(separator: "/")
    return String(
      decoding: try Files.read("/\(here)/Fixtures/\(name)", limit: 1 << 20), as: UTF8.self)
  }

  @Test("What lvs of LVM 2.03.16 says is understood")
  func volumes() throws {
    let volumes = try LVMReport.volumes(try fixture("lvs.json"))
    #expect(
      volumes.map(\.name) == [
        "foreign", "ns-ssssssssssssssssssssssssss", "nv-aaaaaaaaaaaaaaaaaaaaaaaaaa",
        "nv-bbbbbbbbbbbbbbbbbbbbbbbbbb", "nv-tttttttttttttttttttttttttt", "pool",
      ])
    #expect(
      volumes[2]
        == LVMReport.Volume(
          name: "nv-aaaaaaaaaaaaaaaaaaaaaaaaaa", size: 1 << 30,
          tags: ["nvmeof-csi.owner=x", "nvmeof-csi.taken=1"], pool: "pool",
          attributes: Array("Vwi-a-tz--"), dataPercent: 0.01, metadataPercent: nil, isActive: true))
    #expect(volumes.map(\.isActive) == [true, false, true, true, true, true])
    // An inactive one does not say what it has: all of it, then.
    #expect(volumes[1].mapped == 1 << 30)
    #expect(volumes[2].mapped == 214_748)
    #expect(volumes[5].zeroes)
    #expect(volumes[5].metadataPercent == 10.94)
  }

  @Test("What vgs of LVM 2.03.16 says is understood")
  func groups() throws {
    #expect(
      try LVMReport.groups(try fixture("vgs.json")) == [
        LVMReport.Group(
          name: "tank", free: 1_577_058_304, extentSize: 4_194_304,
          tags: ["nvmeof-csi.owner=a+2fb/c"], isWritable: true, missingDevices: 0)
      ])
  }

  @Test(
    "A report that is not whole is refused",
    arguments: [
      "", "{", "{}", "{\"report\": []}", "{\"report\": [{\"vg\": []}]}",
      "{\"report\": [{\"lv\": [{\"lv_name\":\"a\"}]}]}",
      "{\"report\": [{\"lv\": [{\"lv_name\":\"a\",\"lv_size\":\"4.00m\"}]}]}",
    ])
  func broken(text: String) {
    #expect(throws: LVMReport.Broken.self) { try LVMReport.volumes(text) }
  }

  @Test("Tags carry any name, and come back")
  func tags() throws {
    var tags = LVMTags(owner: PoolOwner(driver: "nvmeof.csi.dev", cluster: "a/b é,+="))
    tags.isHalf = true
    tags.source = try .snapshot("s")
    tags.takenAt = 1_700_000_000_000_000_001
    tags.growingFrom = 4096
    #expect(
      tags.texts == [
        "nvmeof-csi.owner=nvmeof.csi.dev/a+2Fb+20+C3+A9+2C+2B+3D", "nvmeof-csi.half",
        "nvmeof-csi.source=\(try ObjectID.snapshot("s"))",
        "nvmeof-csi.taken=1700000000000000001", "nvmeof-csi.growing-from=4096",
      ])
    #expect(try LVMTags(tags.texts.reversed() + ["other"]) == tags)
    #expect(try LVMTags(["other", "nvmeof"]) == nil)
  }

  @Test(
    "Tags of ours that make no sense are broken, and not nobody's",
    arguments: [
      ["nvmeof-csi.half"], ["nvmeof-csi.owner=x"], ["nvmeof-csi.owner=a/b+Z1"],
      ["nvmeof-csi.owner=a/b", "nvmeof-csi.source=x"],
      ["nvmeof-csi.owner=a/b", "nvmeof-csi.taken=soon"],
      ["nvmeof-csi.owner=a/b", "nvmeof-csi.half=1"],
      ["nvmeof-csi.owner=a/b", "nvmeof-csi.colour=red"],
    ])
  func brokenTags(tags: [String]) {
    #expect(throws: LVMTags.Broken.self) { try LVMTags(tags) }
  }
}

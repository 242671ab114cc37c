import NVMe
import Testing

@testable import Backends
@testable import BackendsTestSupport

@Suite("An export record")
struct ExportRecordTests {
  private func record() throws -> ExportRecord {
    let id = try ObjectID.volume("a")
    return ExportRecord(
      volume: id, phase: .serving, nqn: try NQN("nqn.2026-11.dev.nvmeof-csi:\(id)"),
      uuid: TargetMark.uuid(of: id), nguid: try #require(NGUID(TargetMark.nguid(of: id))),
      serial: TargetMark.serial(of: id), path: "/pool/a.img", size: 1 << 30,
      content: .snapshot(try #require(ObjectID("ns-" + String(repeating: "b", count: 26)))),
      portals: TargetBench.portals, hosts: [hostNQN("n1"), hostNQN("n2")], cutting: [hostNQN("n3")])
  }

  @Test("reads back as it was written, and is always written the same")
  func roundTrip() throws {
    let record = try record()
    #expect(try ExportRecord(record.bytes, of: record.volume) == record)
    #expect(try self.record().bytes == record.bytes)
  }

  @Test(
    "is refused with the reason when it is not what was written",
    arguments: [
      ("\"format\": 1", "\"format\": 2", "format is 2"), ("\"serving\"", "\"paused\"", "phase"),
      ("\"tcp\"", "\"fc\"", "transport"), ("\"nqn\"", "\"nqm\"", "nqn is no text"),
      (":4420", ":0", "not a portal"), ("1073741824", "0", "size"), ("{", "[", "invalid JSON"),
      ("nv-aaaaaaaaaaaaaaaaaaaaaaaaaa\"", "nv-baaaaaaaaaaaaaaaaaaaaaaaaa\"", "another volume"),
      ("ns-bbb", "nx-bbb", "source"), ("\"hosts\": [", "\"hosts\": [7,", "hosts is no list"),
    ])
  func damaged(text: String, replacement: String, reason: String) throws {
    let record = try record()
    let damaged = String(decoding: record.bytes, as: UTF8.self)
      .replacing(text, with: replacement)
    let error = #expect(throws: ExportRecord.Broken.self) {
      try ExportRecord(Array(damaged.utf8), of: record.volume)
    }
    #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
  }
}

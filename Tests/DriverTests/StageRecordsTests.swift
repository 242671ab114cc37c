import CSI
import NVMe
import StateStore
import Testing

@testable import Driver

@Suite("Stage records")
struct StageRecordsTests {
  static func full() throws -> StageRecord {
    var context = VolumeSourceTests.minimal
    context["uuid"] = "c1a4b8b2-6b1e-4f0e-9d5e-0a9f3b1c2d3e"
    context["nguid"] = "00112233445566778899aabbccddeeff"
    context["keepAliveTmo"] = "7"
    context["nrIoQueues"] = "2"
    context["fastIoFailTmo"] = "0"
    context["hostTraddr"] = "192.0.2.9"
    context["hostIface"] = "eth0"
    context["mkfsOptions"] = "-N 1000"
    var record = StageRecord(
      volume: try VolumeID("pvc-1"), source: try VolumeSource(context: context),
      access: try VolumeAccess(VolumeAccessTests.mount("xfs", mode: .singleNodeMultiWriter)),
      stagingPath: "/var/lib/kubelet/plugins/x/globalmount")
    record.phase = .staged
    record.identity = .init(
      uuid: record.source.uuid, nguid: record.source.nguid, wwid: "uuid.c1a4b8b2")
    record.formatting = .init(bootID: "b", diskSequence: 12)
    record.fileSystemErrors = 3
    record.targets = [
      .init(path: "/var/lib/kubelet/pods/1/mount", readOnly: false, mode: .singleNodeMultiWriter),
      .init(path: "/var/lib/kubelet/pods/2/mount", readOnly: true, mode: .singleNodeReaderOnly),
    ]
    record.targets[0].isRenewed = true
    return record
  }

  @Test("come back as they were saved, again and again, until they are removed")
  func roundTrip() async throws {
    let records = StageRecords(MemoryStateStore())
    var record = try Self.full()
    try await records.save(record)
    #expect(try await records.record(of: record.volume) == record)
    record.targets.removeLast()
    record.formatting = nil
    record.identity = nil
    record.fileSystemErrors = nil
    try await records.save(record)
    #expect(try await records.record(of: record.volume) == record)
    #expect(try await records.all { _, _ in Issue.record("nothing is broken") } == [record])
    try await records.remove(record.volume)
    try await records.remove(record.volume)
    #expect(try await records.record(of: record.volume) == nil)
  }

  @Test("of a volume whose id makes no file name: the id is what is wrong")
  func longID() async throws {
    let records = StageRecords(MemoryStateStore())
    let volume = try VolumeID(String(repeating: "ä", count: 64))
    let error = await #expect(throws: DriverError.self) { try await records.record(of: volume) }
    #expect(error?.code == .invalidArgument)
    #expect(error?.message.contains("too long") == true)
  }

  @Test("of a raw block volume with nothing but what is needed")
  func block() async throws {
    let records = StageRecords(MemoryStateStore())
    let record = StageRecord(
      volume: try VolumeID("b"), source: try VolumeSource(context: VolumeSourceTests.minimal),
      access: VolumeAccess(kind: .block, mode: .multiNodeMultiWriter), stagingPath: "/s")
    try await records.save(record)
    #expect(try await records.record(of: record.volume) == record)
  }

  static let unreadable: [(String, String)] = [
    (#"{"schema":2}"#, "its schema is 2, and this driver knows 1"),
    (#"{"schema":1,"volume":"v"}"#, "record.phase: want a string"),
    (#"{"schema":1,"volume":"v","phase":"mounted"}"#, "record.phase: want a value that it knows"),
    (#"[]"#, "record.schema: want a whole number"),
    (#"{"#, "invalid JSON"),
  ]

  @Test("that cannot be understood are errors, never nothing", arguments: unreadable)
  func refused(text: String, reason: String) async throws {
    let store = MemoryStateStore()
    _ = try await store.put("v", Array(text.utf8), ifVersion: nil)
    let records = StageRecords(store)
    let volume = try VolumeID("v")
    let error = await #expect(throws: DriverError.self) { try await records.record(of: volume) }
    #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    var broken: [String] = []
    #expect(try await records.all { key, _ in broken.append(key) } == [])
    #expect(broken == ["v"])
  }
}

import Backends
import CSI
import JSON
import NVMe
import StateStore
import Testing

@testable import Driver

@Suite("The controller's records")
struct ObjectRecordsTests {
  static func volume() throws -> VolumeRecord {
    var record = VolumeRecord(
      id: ObjectID(.volume, name: "pvc-1", cluster: "test"), name: "pvc-1", phase: .deleting,
      owner: "1f",
      request: .init(
        required: 5, limit: 9, content: .snapshot(ObjectID(.snapshot, name: "s", cluster: "test")),
        connection: ["ctrlLossTmo": "5"], parameters: ["thick": "true"],
        access: ["block SINGLE_NODE_WRITER"]), size: 8, createdAt: 17)
    let export = try MemoryBackend.export(record.id)
    record.location = .init(
      nqn: export.nqn, nsid: 1, uuid: export.uuid,
      portals: export.portals + [try TransportAddress("[2001:db8::1]:4421", transport: .rdma)])
    record.holders = [
      "n2": .init(
        host: HostIdentity(nodeID: "n2").nqn, isReadOnly: true, isBlock: false,
        mode: .singleNodeReaderOnly),
      "n1": .init(
        host: HostIdentity(nodeID: "n1").nqn, isReadOnly: false, isBlock: true,
        mode: .multiNodeMultiWriter),
    ]
    record.targetSize = 12
    record.progress = CopyProgress(done: 1, total: 4)
    return record
  }

  @Test("come back as they were saved, as one text for one record")
  func roundTrip() async throws {
    let store = MemoryStateStore()
    let records = ObjectRecords<VolumeRecord>(store)
    var stored = records.new(try Self.volume())
    try await records.save(&stored)
    let bytes = try await store.get("volumes/\(stored.record.id)")?.bytes
    var read = try #require(try await records.record(of: stored.record.id))
    #expect(read.record == stored.record)
    try await records.save(&read)
    #expect(try await store.get("volumes/\(stored.record.id)")?.bytes == bytes)
    #expect(try await records.ids() == [stored.record.id])
    try await records.remove(read)
    #expect(try await records.record(of: stored.record.id)?.record == nil)
  }

  @Test("of snapshots are kept apart from those of volumes")
  func snapshots() async throws {
    let store = MemoryStateStore()
    let records = ObjectRecords<SnapshotRecord>(store)
    let source = ObjectID(.volume, name: "pvc-1", cluster: "test")
    var stored = records.new(
      SnapshotRecord(
        id: ObjectID(.snapshot, name: "s", cluster: "test"), name: "s", phase: .creating,
        owner: "1", source: source))
    stored.record.size = 5
    stored.record.takenAt = 7
    stored.record.isUsable = true
    try await records.save(&stored)
    #expect(try await records.all { _, _ in }.map(\.record) == [stored.record])
    #expect(try await ObjectRecords<VolumeRecord>(store).ids() == [])
  }

  @Test("are written only by who has seen the last writing")
  func conflict() async throws {
    let records = ObjectRecords<VolumeRecord>(MemoryStateStore())
    var first = records.new(try Self.volume())
    try await records.save(&first)
    var second = try #require(try await records.record(of: first.record.id))
    second.record.size = 1
    try await records.save(&second)
    first.record.size = 2
    let error = await #expect(throws: DriverError.self) {
      var stale = first
      try await records.save(&stale)
    }
    #expect(error?.code == .operationPending)
    let removal = await #expect(throws: DriverError.self) { try await records.remove(first) }
    #expect(removal?.code == .operationPending)
    let new = await #expect(throws: DriverError.self) {
      var another = records.new(try Self.volume())
      try await records.save(&another)
    }
    #expect(new?.code == .operationPending)
    #expect(try await records.record(of: first.record.id)?.record.size == 1)
  }

  @Test(
    "that cannot be understood are errors that name the field",
    arguments: [
      ("{", "invalid JSON"), (#"{"schema":2}"#, "its schema is 2, and this driver knows 1"),
      (#"{"schema":1,"id":"nv-x"}"#, "record.id: want a value that it knows"),
    ])
  func unreadable(text: String, reason: String) async throws {
    let store = MemoryStateStore()
    let id = ObjectID(.volume, name: "pvc-1", cluster: "test")
    _ = try await store.put("volumes/\(id)", Array(text.utf8), ifVersion: nil)
    let error = await #expect(throws: DriverError.self) {
      _ = try await ObjectRecords<VolumeRecord>(store).record(of: id)
    }
    #expect(error?.code == .internal)
    #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
  }

  @Test("under another's name are not taken for it")
  func misplaced() async throws {
    let store = MemoryStateStore()
    let record = try Self.volume()
    let other = ObjectID(.volume, name: "pvc-2", cluster: "test")
    _ = try await store.put(
      "volumes/\(other)", Array(record.json.serialized().utf8), ifVersion: nil)
    await #expect(throws: DriverError.self) {
      _ = try await ObjectRecords<VolumeRecord>(store).record(of: other)
    }
  }

  @Test(
    "print sizes for people",
    arguments: [
      (0, "0 bytes"), (512, "512 bytes"), (1 << 30, "1 GiB"), (3 << 29, "1.5 GiB"),
      ((1 << 40) - 1, "1023.9 GiB"),
    ] as [(Int64, String)])
  func sizes(bytes: Int64, text: String) {
    #expect("\(ByteCount(bytes))" == text)
    #expect("\(CopyProgress(done: bytes / 2, total: bytes))".hasSuffix("of \(text)"))
  }
}

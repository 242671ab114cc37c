import Backends
import Linux
import StateStore
import Testing

@testable import Driver

@Suite("A controller's status")
struct ControllerStatusTests {
  @Test("is read beside the controller that owns the state, the broken records apart")
  func tables() async throws {
    let directory = "/tmp/controller-status-\(UInt64.random(in: .min ... .max))"
    defer {
      for name in (try? Files.names(inDirectory: directory)) ?? [] {
        _ = try? Files.unlink("\(directory)/\(name)")
      }
      _ = try? Files.removeDirectory(directory)
    }
    let store = try await FileStateStore(directory: directory)
    let volumes = ObjectRecords<VolumeRecord>(store)
    var record = try ObjectRecordsTests.volume()
    record.phase = .creating
    record.targetSize = nil
    record.size = 10 << 30
    record.progress = CopyProgress(done: 37 << 20, total: 100 << 20)
    var stored = volumes.new(record)
    try await volumes.save(&stored)
    _ = try await store.put("volumes/nv-odd", Array("{}".utf8), ifVersion: nil)
    _ = try await store.put("exports/\(record.id)", Array("{}".utf8), ifVersion: nil)

    let status = try ControllerStatus(StateReader(directory: directory))
    #expect(
      status.volumes.rows == [
        [
          record.id.description, "pvc-1", "10 GiB", "creating, 37 % of 100 MiB", "n1,n2",
          "nqn.2025-01.dev.example:\(record.id)",
        ]
      ])
    #expect(status.snapshots.rows == [])
    #expect(status.broken == ["volumes/nv-odd: record.schema: want a whole number"])
    #expect(throws: StateStoreError.self) {
      try ControllerStatus(StateReader(directory: directory + "/none"))
    }
    // Nothing was taken from the owner.
    #expect(try await volumes.record(of: record.id)?.record == record)
  }
}

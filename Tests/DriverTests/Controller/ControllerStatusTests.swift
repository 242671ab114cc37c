import Backends
import Linux
import Logging
import Metrics
import StateStore
import Synchronization
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

    let backend = MemoryBackend()
    let call = StuckCall(of: .pool, what: "delete \(record.id)", since: .now - .seconds(90))
    backend.state.withLock { $0.stuck = [call] }
    let watch = StuckWatch(
      backend: backend, store: store,
      logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    var told = StuckWatch.Told()
    await watch.look(&told)
    #expect(told.logged == [call] && told.written == [call])

    let status = try ControllerStatus(StateReader(directory: directory))
    #expect(status.stuck.count == 1)
    let line = try #require(status.stuck.first)
    #expect(line.hasPrefix("pool: delete \(record.id): given up ") && line.hasSuffix("not back"))
    let seconds = try #require(line.split(separator: " ").compactMap { Int($0) }.first)
    #expect((90..<600).contains(seconds))
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
    // In the next life nothing is stuck yet, and what the last one wrote goes.
    backend.state.withLock { $0.stuck = [] }
    told = StuckWatch.Told()
    await watch.look(&told)
    #expect(try ControllerStatus(StateReader(directory: directory)).stuck == [])
    // Nothing was taken from the owner.
    #expect(try await volumes.record(of: record.id)?.record == record)
  }

  @Test("shows in the metrics what does not come back, by what it is")
  func metrics() async throws {
    let harness = ControllerHarness()
    try await harness.live { controller in
      let registry = DriverMetrics().registry
      controller.registerGauges(in: registry)
      for (stuck, target, pool) in [
        ([StuckCall.Part](), 0, 0), ([.pool], 0, 1), ([.target, .pool, .target], 2, 1),
      ] {
        harness.backend.state.withLock { state in
          state.stuck = stuck.map { StuckCall(of: $0, what: "read", since: .now) }
        }
        let lines = await registry.text().split(separator: "\n")
          .filter { $0.hasPrefix("nvmeof_csi_controller_stuck_threads{") }
        #expect(
          lines == [
            "nvmeof_csi_controller_stuck_threads{kind=\"pool\"} \(pool)",
            "nvmeof_csi_controller_stuck_threads{kind=\"target\"} \(target)",
          ])
      }
    }
  }
}

import Backends
import CSI
import GRPC
import Logging
import StateStore
import Synchronization
import Testing

@testable import Driver

@Suite("A controller that starts")
struct ControllerStartTests {
  typealias Harness = ControllerHarness

  @Test("serves every other volume when one does not come back, and tries that one until it does")
  func oneIsAway() async throws {
    let harness = Harness()
    let away = harness.id("a")
    try await harness.live { controller in
      for name in ["a", "b"] { _ = try await controller.made(Harness.volume(name)) }
    }
    harness.backend.state.withLock {
      $0.unrestored[away] = BackendError(.unavailable, "no device node")
    }
    try await harness.live { controller in
      #expect(controller.readiness.obstacle == nil)
      #expect(controller.pending.ids == [away])
      try await controller.publish(harness.id("b").description, to: "n1")
      _ = try await controller.made(Harness.volume("c"))
      await controller.restorePending()
      #expect(controller.pending.ids == [away])
      harness.backend.state.withLock { $0.unrestored = [:] }
      await controller.restorePending()
      #expect(controller.pending.ids == [])
      harness.backend.state.withLock { $0.calls = [] }
      await controller.restorePending()
      #expect(harness.backend.state.withLock { $0.calls } == [])
    }
  }

  @Test("does not touch a volume that does not come back while somebody works on it")
  func busy() async throws {
    let gate = Gate()
    gate.arm()
    let harness = Harness(
      backend: MemoryBackend { step throws(BackendError) in
        if step == "allow" { await gate.passed() }
      })
    let id = harness.id("a")
    try await harness.live { controller in
      _ = try await controller.made(Harness.volume("a"))
      controller.pending.note(id, "no device node")
      async let published: Void = controller.publish(id.description, to: "n1")
      while !controller.work.isBusy(VolumeID(id)) { try await Task.sleep(for: .milliseconds(2)) }
      await controller.restorePending()
      #expect(controller.pending.ids == [id])
      #expect(harness.backend.state.withLock { !$0.calls.contains("restore.volume") })
      gate.open()
      try await published
      await controller.restorePending()
      #expect(controller.pending.ids == [])
    }
  }

  @Test("is not ready as long as the storage as a whole is away, and says why")
  func nothingThere() async throws {
    let harness = Harness(
      backend: MemoryBackend { step throws(BackendError) in
        if step == "restore" { throw BackendError(.unavailable, "not mounted") }
      })
    let controller = VolumeController(
      harness.configuration, backend: harness.backend, store: harness.store, nodes: harness.nodes,
      metrics: DriverMetrics(),
      logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    #expect(controller.readiness.obstacle?.contains("starting") == true)
    let upkeep = ControllerUpkeep(controller: controller, logger: controller.logger)
    await withTaskGroup { group in
      group.addTask { await upkeep.run() }
      while controller.readiness.obstacle?.contains("not mounted") != true {
        try? await Task.sleep(for: .milliseconds(2))
      }
      group.cancelAll()
    }
    #expect(
      await failureCode { _ = try await controller.made(Harness.volume()) } == .unavailable)
  }
}

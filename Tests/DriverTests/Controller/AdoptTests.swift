import Backends
import CSI
import NVMe
import Synchronization
import Testing

@testable import Driver

@Suite("Volumes that the backend has no record of")
struct AdoptTests {
  typealias Harness = ControllerHarness

  private func lose(_ harness: Harness, _ name: String) {
    harness.backend.state.withLock { state in
      state.volumes[harness.id(name)]?.isUnrecorded = true
      state.volumes[harness.id(name)]?.fault = "its export record is gone"
      state.volumes[harness.id(name)]?.export.allowedHosts = [HostIdentity(nodeID: "old").nqn]
    }
  }

  @Test("are exported again as they were, to the nodes that hold them")
  func adopted() async throws {
    let harness = Harness()
    try await harness.live { controller in
      let held = try await controller.made(Harness.volume("held")).volumeID
      _ = try await controller.made(Harness.volume("free"))
      _ = try await controller.made(Harness.volume("whole"))
      try await controller.publish(held, to: "n1")
      let before = harness.backend.state.withLock { $0.volumes }
      for name in ["held", "free"] { lose(harness, name) }
      for _ in 1...2 { try await controller.adoptUnrecorded() }
      #expect(harness.backend.state.withLock { $0.volumes } == before)
      #expect(harness.backend.state.withLock { $0.calls.count { $0 == "adopt" } } == 2)
    }
  }

  @Test("are left alone when nobody knows them here, or somebody works on them")
  func leftAlone() async throws {
    let gate = Gate()
    let harness = Harness(
      backend: MemoryBackend { step throws(BackendError) in
        if step == "deleteVolume", gate.isArmed { await gate.passed() }
      })
    try await harness.live { controller in
      let id = try await controller.made(Harness.volume()).volumeID
      lose(harness, "pvc-1")
      harness.backend.state.withLock { state in
        var stranger = state.volumes[harness.id("pvc-1")]
        stranger?.id = harness.id("stranger")
        state.volumes[harness.id("stranger")] = stranger
        state.volumes[harness.id("pvc-1")]?.export.allowedHosts = []
      }
      gate.arm()
      async let gone: Void = controller.delete(id)
      while harness.backend.state.withLock({ !$0.calls.contains("deleteVolume") }) {
        try await Task.sleep(for: .milliseconds(2))
      }
      try await controller.adoptUnrecorded()
      gate.open()
      try await gone
      try await controller.adoptUnrecorded()
      #expect(harness.backend.state.withLock { $0.calls.contains("adopt") } == false)
    }
  }
}

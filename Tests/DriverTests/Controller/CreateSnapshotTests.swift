import Backends
import CSI
import GRPC
import StateStore
import Synchronization
import Testing

@testable import Driver

@Suite("CreateSnapshot")
struct CreateSnapshotTests {
  typealias Harness = ControllerHarness

  private func id(_ name: String) -> ObjectID {
    ObjectID(.snapshot, name: name, cluster: "test")
  }

  @Test("of a record that was lost finds the snapshot again, and a failure does not delete it")
  func lostRecord() async throws {
    let isBroken = Mutex(false)
    let harness = Harness(
      backend: MemoryBackend { step throws(BackendError) in
        guard step == "createSnapshot", isBroken.withLock({ $0 }) else { return }
        throw BackendError(.failed, "Input/output error")
      })
    try await harness.live { controller in
      let volume = try await controller.made(Harness.volume()).volumeID
      let taken = try await controller.taken("s", of: volume)
      try await controller.snapshots.remove(
        try #require(try await controller.snapshots.record(of: id("s"))))
      isBroken.withLock { $0 = true }
      for _ in 1...2 {
        #expect(
          await failureCode { _ = try await controller.taken("s", of: volume) } == .internal)
      }
      #expect(harness.backend.state.withLock { $0.snapshots.keys.contains(id("s")) })
      isBroken.withLock { $0 = false }
      #expect(try await controller.taken("s", of: volume) == taken)
      #expect(harness.backend.state.withLock { $0.calls.contains("deleteSnapshot") } == false)
    }
  }

  @Test("that fails leaves no record when the storage cannot say whether it is there already")
  func unknown() async throws {
    let harness = Harness(
      backend: MemoryBackend { step throws(BackendError) in
        if step == "snapshot" { throw BackendError(.failed, "Input/output error") }
      })
    try await harness.live { controller in
      let volume = try await controller.made(Harness.volume()).volumeID
      #expect(await failureCode { _ = try await controller.taken("s", of: volume) } == .internal)
      #expect(try await controller.snapshots.ids() == [])
      let calls = harness.backend.state.withLock { $0.calls }
      #expect(!calls.contains("createSnapshot") && !calls.contains("deleteSnapshot"))
    }
  }

  @Test("that fails is undone when there was nothing of it before")
  func undone() async throws {
    let isBroken = Mutex(true)
    let harness = Harness(
      backend: MemoryBackend { step throws(BackendError) in
        guard step == "createSnapshot.copy", isBroken.withLock({ $0 }) else { return }
        throw BackendError(.failed, "Input/output error")
      })
    try await harness.live { controller in
      let volume = try await controller.made(Harness.volume()).volumeID
      #expect(await failureCode { _ = try await controller.taken("s", of: volume) } == .internal)
      #expect(try await controller.snapshots.ids() == [])
      #expect(harness.backend.state.withLock { $0.leftovers } == [])
      isBroken.withLock { $0 = false }
      #expect(try await controller.taken("s", of: volume).readyToUse)
    }
  }
}

import Backends
import CSI
import GRPC
import StateStore
import Synchronization
import Testing

@testable import Driver

/// What an orchestrator asks for, and what must be true once it was answered.
struct CrashCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  /// Before the life that dies.
  var prepare: @Sendable (VolumeController) async throws -> Void = { _ in }
  let act: @Sendable (VolumeController) async throws -> Void
  let check: @Sendable (MemoryBackend.State, [VolumeRecord], [SnapshotRecord]) -> Void

  static let all: [CrashCase] = [
    CrashCase(
      testDescription: "create",
      act: { _ = try await $0.made(ControllerHarness.volume("v")) },
      check: { storage, volumes, _ in
        #expect(storage.volumes.count == 1 && storage.made == 1)
        #expect(volumes.map(\.phase) == [.ready])
        #expect(volumes.first?.size == 2 * ControllerHarness.GiB)
      }),
    CrashCase(
      testDescription: "create from a snapshot",
      prepare: { controller in
        let source = try await controller.made(ControllerHarness.volume("source"))
        _ = try await controller.taken("s", of: source.volumeID)
      },
      act: { controller in
        let snapshot = ObjectID(.snapshot, name: "s", cluster: "test").description
        _ = try await controller.made(ControllerHarness.volume("v", from: .snapshot(id: snapshot)))
      },
      check: { storage, volumes, snapshots in
        #expect(storage.volumes.count == 2 && storage.made == 2)
        #expect(volumes.map(\.phase) == [.ready, .ready])
        #expect(snapshots.map(\.phase) == [.ready])
      }),
    CrashCase(
      testDescription: "clone",
      prepare: { _ = try await $0.made(ControllerHarness.volume("source")) },
      act: { controller in
        let source = ObjectID(.volume, name: "source", cluster: "test").description
        _ = try await controller.made(ControllerHarness.volume("v", from: .volume(id: source)))
      },
      check: { storage, volumes, _ in
        #expect(storage.volumes.count == 2 && storage.made == 2)
        #expect(volumes.map(\.phase) == [.ready, .ready])
      }),
    CrashCase(
      testDescription: "delete",
      prepare: { _ = try await $0.made(ControllerHarness.volume("v")) },
      act: { controller in
        try await controller.delete(ObjectID(.volume, name: "v", cluster: "test").description)
      },
      check: { storage, volumes, _ in
        #expect(storage.volumes.isEmpty && storage.data.isEmpty)
        #expect(volumes.isEmpty)
      }),
    CrashCase(
      testDescription: "expand",
      prepare: { _ = try await $0.made(ControllerHarness.volume("v")) },
      act: { controller in
        let id = ObjectID(.volume, name: "v", cluster: "test").description
        let answer = try await controller.expand(id, to: 5 * ControllerHarness.GiB)
        #expect(answer.capacityBytes == 5 * ControllerHarness.GiB)
        #expect(answer.nodeExpansionRequired)
      },
      check: { storage, volumes, _ in
        #expect(storage.volumes.values.map(\.size) == [5 * ControllerHarness.GiB])
        #expect(volumes.map(\.size) == [5 * ControllerHarness.GiB])
        #expect(volumes.map(\.targetSize) == [nil])
      }),
    CrashCase(
      testDescription: "publish",
      prepare: { _ = try await $0.made(ControllerHarness.volume("v")) },
      act: { controller in
        try await controller.publish(
          ObjectID(.volume, name: "v", cluster: "test").description, to: "n1")
      },
      check: { storage, volumes, _ in
        #expect(storage.volumes.values.map(\.export.allowedHosts.count) == [1])
        #expect(volumes.map { Array($0.holders.keys) } == [["n1"]])
      }),
    CrashCase(
      testDescription: "unpublish",
      prepare: { controller in
        let volume = try await controller.made(ControllerHarness.volume("v"))
        try await controller.publish(volume.volumeID, to: "n1")
      },
      act: { controller in
        try await controller.unpublish(
          ObjectID(.volume, name: "v", cluster: "test").description, from: "n1")
      },
      check: { storage, volumes, _ in
        #expect(storage.volumes.values.allSatisfy { $0.export.allowedHosts.isEmpty })
        #expect(volumes.map(\.holders.count) == [0])
      }),
    CrashCase(
      testDescription: "snapshot",
      prepare: { _ = try await $0.made(ControllerHarness.volume("v")) },
      act: { controller in
        _ = try await controller.taken(
          "s", of: ObjectID(.volume, name: "v", cluster: "test").description)
      },
      check: { storage, _, snapshots in
        #expect(storage.snapshots.count == 1)
        #expect(snapshots.map(\.phase) == [.ready])
        #expect(snapshots.map(\.isUsable) == [true])
      }),
    CrashCase(
      testDescription: "delete a snapshot",
      prepare: { controller in
        let volume = try await controller.made(ControllerHarness.volume("v"))
        _ = try await controller.taken("s", of: volume.volumeID)
      },
      act: { controller in
        try await controller.deleteSnapshot(
          ObjectID(.snapshot, name: "s", cluster: "test").description)
      },
      check: { storage, _, snapshots in
        #expect(storage.snapshots.isEmpty)
        #expect(snapshots.isEmpty)
      }),
  ]
}

@Suite("A controller that is killed")
struct ControllerCrashTests {
  /// Kills it at its first contact with store and storage, then at its second, and so on until it
  /// gets through; returns how often it died.
  private func killEverywhere(
    _ story: CrashCase, then next: (ControllerHarness) async throws -> Void
  ) async throws -> Int {
    for steps in 0..<100 {
      let harness = ControllerHarness()
      try await harness.live { try await story.prepare($0) }
      let life = Mortality(steps: steps)
      try? await harness.live(life, story.act)
      guard life.isDead else { return steps }
      try await next(harness)
      let volumes = try await ObjectRecords<VolumeRecord>(harness.store).all { id, error in
        Issue.record("\(id): \(error)")
      }
      let snapshots = try await ObjectRecords<SnapshotRecord>(harness.store).all { id, error in
        Issue.record("\(id): \(error)")
      }
      let storage = harness.backend.state.withLock { $0 }
      #expect(storage.leftovers.isEmpty, "killed at step \(steps)")
      story.check(storage, volumes.map(\.record), snapshots.map(\.record))
    }
    return .max
  }

  @Test("anywhere in an operation finishes it when it is asked again", arguments: CrashCase.all)
  func retried(story: CrashCase) async throws {
    let deaths = try await killEverywhere(story) { harness in
      try await harness.live { try await story.act($0) }
    }
    #expect(deaths > 4 && deaths < 100)
  }

  @Test("leaves nothing half done behind, even when nobody asks again", arguments: CrashCase.all)
  func abandoned(story: CrashCase) async throws {
    for steps in 0..<100 {
      let harness = ControllerHarness()
      try await harness.live { try await story.prepare($0) }
      let life = Mortality(steps: steps)
      try? await harness.live(life, story.act)
      guard life.isDead else { return }
      try await harness.live { try await $0.settled() }
      let volumes = try await ObjectRecords<VolumeRecord>(harness.store).all { _, _ in }
      let snapshots = try await ObjectRecords<SnapshotRecord>(harness.store).all { _, _ in }
      let storage = harness.backend.state.withLock { $0 }
      #expect(storage.leftovers.isEmpty, "killed at step \(steps)")
      #expect(volumes.allSatisfy { $0.record.phase == .ready && $0.record.targetSize == nil })
      #expect(snapshots.allSatisfy { $0.record.phase == .ready })
      #expect(Set(volumes.map(\.record.id)) == Set(storage.volumes.keys))
      #expect(Set(snapshots.map(\.record.id)) == Set(storage.snapshots.keys))
      for stored in volumes {
        #expect(storage.volumes[stored.record.id]?.size == stored.record.size)
        // Nobody is let in whom the record does not name: that is what fencing rests on.
        let allowed = storage.volumes[stored.record.id]?.export.allowedHosts ?? []
        #expect(allowed.isSubset(of: stored.record.holders.values.map(\.host)))
      }
    }
    Issue.record("it never got through")
  }
}

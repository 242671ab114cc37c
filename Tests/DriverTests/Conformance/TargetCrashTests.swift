import Backends
import CSI
import GRPC
import Testing

@testable import BackendsTestSupport
@testable import Driver

/// Of the three layers that are killed at each of their own steps elsewhere (ControllerCrashTests,
/// KillTests, FilePoolCrashTests), all together: whatever the last step was of records, target and pool,
/// the next life makes one whole of it.
@Suite("The controller service on its target, killed at any step")
struct TargetCrashTests {
  typealias Harness = ControllerHarness

  private static let a = ObjectID(.volume, name: "a", cluster: "conformance").description
  private static let s = ObjectID(.snapshot, name: "s", cluster: "conformance").description

  /// What is asked for where there is volume "a" with its snapshot "s".
  enum Call: String, CaseIterable, Sendable {
    case create, clone, snapshot, deleteSnapshot, expand, delete, publish, unpublish

    func make(_ controller: VolumeController) async throws {
      switch self {
      case .create: _ = try await controller.made(volume("b"))
      case .clone: _ = try await controller.made(volume("b", from: .volume(id: a)))
      case .snapshot: _ = try await controller.taken("t", of: a)
      case .deleteSnapshot: try await controller.deleteSnapshot(s)
      case .expand: _ = try await controller.expand(a, to: 32 * .mebibyte)
      case .delete: try await controller.delete(a)
      case .publish: try await controller.publish(a, to: "node-1")
      case .unpublish: try await controller.unpublish(a, from: "node-1")
      }
    }

    /// Volumes with their sizes and nodes, then snapshots, when it was done.
    var outcome: [String] {
      let (small, large) = (16 * Int64.mebibyte, 32 * Int64.mebibyte)
      return switch self {
      case .create, .clone: ["a \(small) []", "b \(small) []", "s"]
      case .snapshot: ["a \(small) []", "s", "t"]
      case .deleteSnapshot: ["a \(small) []"]
      case .expand: ["a \(large) []", "s"]
      case .delete: ["s"]
      case .publish: ["a \(small) [\"node-1\"]", "s"]
      case .unpublish: ["a \(small) []", "s"]
      }
    }
  }

  private static func volume(
    _ name: String, from source: VolumeContentSource? = nil
  ) -> CreateVolumeRequest {
    Harness.volume(name, size: 16 * .mebibyte, from: source)
  }

  private func outcome(_ controller: VolumeController) async throws -> [String] {
    let volumes = try await controller.volumes.all { id, error in Issue.record("\(id): \(error)") }
    let snapshots = try await controller.snapshots.all { id, error in
      Issue.record("\(id): \(error)")
    }
    #expect(volumes.allSatisfy { $0.record.phase == .ready && $0.record.targetSize == nil })
    #expect(snapshots.allSatisfy { $0.record.phase == .ready })
    return volumes.map { "\($0.record.name) \($0.record.size) \($0.record.holders.keys.sorted())" }
      .sorted() + snapshots.map(\.record.name).sorted()
  }

  @Test(
    "has nothing by halves in its next life, and then what was asked for", arguments: Call.allCases)
  func killed(call: Call) async throws {
    for step in 0..<200 {
      var wasKilled = false
      try await TargetGround.run { ground in
        let life = KillSwitch()
        try await ground.work(life) { controller in
          _ = try await controller.made(Self.volume("a"))
          _ = try await controller.taken("s", of: Self.a)
          if call == .unpublish { try await controller.publish(Self.a, to: "node-1") }
          life.die(before: step)
          try? await call.make(controller)
        }
        wasKilled = life.isDead
        try await ground.work { controller in
          // Whoever asked may never ask again. Only whom a node's pods wait for does.
          try await controller.settled()
          let isAccess = call == .publish || call == .unpublish
          if !isAccess { try await ground.expectTruth(controller) }
          try await call.make(controller)
          try await ground.expectTruth(controller)
          #expect(try await outcome(controller) == call.outcome, "killed before step \(step)")
        }
      }
      // Fewer would mean that nothing was killed.
      guard wasKilled else { return #expect(step > 4) }
    }
    Issue.record("it never got through")
  }
}

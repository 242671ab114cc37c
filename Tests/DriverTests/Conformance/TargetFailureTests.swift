import Backends
import CSI
import GRPC
import Linux
import Testing

@testable import BackendsTestSupport
@testable import Driver

/// What goes wrong around the controller on the kernel's target, from the orchestrator's side: each call
/// has the specification's code, nothing is lost, and all of it goes on when the cause is gone.
@Suite("The controller service, when its target fails")
struct TargetFailureTests {
  @Test("is unavailable without configfs, loses nothing, and goes on when it is back")
  func configFSGone() async throws {
    try await TargetGround.run { ground in
      try await ground.serve { (session, controller) in
        let kept = try await session.create("kept")
        let held = try await session.create("held").volumeID
        try await session.publish(held, on: "node-1")
        let doomed = try await session.create("doomed").volumeID
        let source = try await session.create("source").volumeID
        let snapshot = try await session.snapshot("s", of: source)
        let before = try ground.configFS.contents()

        try Files.renameDurably("\(ground.directory)/nvmet", to: "\(ground.directory)/away")
        let calls: [@Sendable () async throws -> Void] = [
          { _ = try await session.create("new") },
          { _ = try await session.create(.named("copy", from: .volume(id: source))) },
          { try await session.delete(doomed) },
          { try await session.publish(kept.volumeID, on: "node-2") },
          { try await session.unpublish(held, from: "node-1") },
          { try await session.unpublish(held, from: "") },
          { _ = try await session.expand(kept.volumeID, .exactly(32 * .mebibyte)) },
          { _ = try await session.snapshot("t", of: source) },
          { _ = try await session.list() },
          { _ = try await session.get(kept.volumeID) },
        ]
        for _ in 0..<2 {
          for call in calls { await expectRefusal(.unavailable, saying: ["nvmet"], call) }
        }
        // Neither of these needs the target.
        #expect(try await session.listSnapshots().entries == [snapshot])
        #expect(try await session.create("kept").volumeID == kept.volumeID)
        // Without the target nobody knows whether the node is out, so it stays the holder.
        await expectRefusal(.failedPrecondition, saying: ["node-1"]) {
          try await session.delete(held)
        }
        try Files.renameDurably("\(ground.directory)/away", to: "\(ground.directory)/nvmet")
        #expect(Set(try ground.configFS.contents()).isSuperset(of: before))

        for call in calls { try await call() }
        #expect(try await session.get(kept.volumeID).volume?.capacityBytes == 32 * .mebibyte)
        #expect(try await session.get(kept.volumeID).status?.publishedNodeIDs == ["node-2"])
        #expect(try await session.get(held).status?.publishedNodeIDs == [])
        try await ground.expectTruth(controller)
      }
    }
  }

  @Test("that was restarted serves what it served, to whom it served it, and under the same names")
  func reboot() async throws {
    try await TargetGround.run { ground in
      let asked = CreateVolumeRequest.named("a", .exactly(11_005_853_696))
      try await ground.serve { (session, controller) in
        let volume = try await session.create(asked)
        try await session.publish(volume.volumeID, on: "node-1")
        _ = try await session.snapshot("s", of: try await session.create("b").volumeID)
        try await ground.expectTruth(controller)
      }
      let before = try ground.configFS.contents()
      try ground.configFS.clear()
      try await ground.serve { (session, controller) in
        #expect(try ground.configFS.contents() == before)
        let volume = try await session.create(asked)
        let told = try await session.get(volume.volumeID)
        #expect(told.volume == volume)
        #expect(told.status?.publishedNodeIDs == ["node-1"])
        #expect(told.status?.volumeCondition?.abnormal == false)
        try await ground.expectTruth(controller)
      }
    }
  }

  @Test(
    "shows what it has on a read-only file system, changes nothing there, and goes on afterwards",
    .enabled(if: TargetGround.canMount))
  func readOnly() async throws {
    try await TargetGround.run(on: .memory(bytes: 256 << 20)) { ground in
      try await ground.serve { (session, controller) in
        let id = try await session.create("a").volumeID
        let doomed = try await session.create("doomed").volumeID
        let snapshot = try await session.snapshot("s", of: id)
        let old = try await session.snapshot("old", of: id)
        try ground.setReadOnly(true)
        let calls: [@Sendable () async throws -> Void] = [
          { _ = try await session.create("b") },
          { _ = try await session.create(.named("c", from: .snapshot(id: snapshot.snapshotID))) },
          { _ = try await session.expand(id, .exactly(17 * .mebibyte)) },
          { _ = try await session.snapshot("t", of: id) },
          { try await session.deleteSnapshot(old.snapshotID) },
          { try await session.delete(doomed) },
        ]
        for call in calls {
          await expectRefusal(.unavailable, saying: ["read-only"], call)
        }
        await expectRefusal(.unavailable, saying: ["read-only"]) {
          try await session.controller.getCapacity()
        }
        try ground.setReadOnly(false)
        for call in calls { try await call() }
        #expect(try await session.listSnapshots().entries.count == 2)
        #expect(try await session.volumeIDs().count == 3)
        try await ground.expectTruth(controller)
      }
    }
  }

  @Test(
    "lets nodes in and shuts them out while its file system is read-only",
    .enabled(if: TargetGround.canMount))
  func readOnlyAccess() async throws {
    try await TargetGround.run(on: .memory(bytes: 64 << 20)) { ground in
      try await ground.serve { (session, controller) in
        let volume = try await session.create("a")
        try ground.setReadOnly(true)
        try await session.publish(volume.volumeID, on: "node-1")
        #expect(try await session.list().entries.map(\.volume) == [volume])
        #expect(try await session.get(volume.volumeID).status?.publishedNodeIDs == ["node-1"])
        try await session.unpublish(volume.volumeID, from: "node-1")
        try await ground.expectTruth(controller)
      }
    }
  }

  @Test(
    "says that a full file system is full, and keeps nothing of what did not fit",
    .enabled(if: TargetGround.canMount))
  func full() async throws {
    try await TargetGround.run(on: .memory(bytes: 64 << 20)) { ground in
      try await ground.serve { (session, controller) in
        let volume = try await session.create("a")
        let image = "\(ground.pool)/volumes/\(volume.volumeID).img"
        try Files.writeAttribute(String(repeating: "x", count: 13 << 20), to: image)
        _ = try await session.create(.named("large", .exactly(36 * .mebibyte)))
        var thick = CreateVolumeRequest.named("more", .exactly(32 * .mebibyte))
        thick.parameters = ["allocation": "full"]
        let calls: [@Sendable () async throws -> Void] = [
          { [thick] in _ = try await session.create(thick) },
          { _ = try await session.create(.named("more", from: .volume(id: volume.volumeID))) },
          { _ = try await session.snapshot("s", of: volume.volumeID) },
          { _ = try await session.expand(volume.volumeID, .exactly(32 * .mebibyte)) },
        ]
        for call in calls { await expectRefusal(.resourceExhausted) { try await call() } }
        #expect(try await session.volumeIDs().count == 2)
        #expect(try await session.listSnapshots().entries == [])
        #expect(try await session.get(volume.volumeID).volume == volume)
        try await ground.expectTruth(controller)
        try await session.delete(
          try await session.create(.named("large", .exactly(36 * .mebibyte))).volumeID)
        for call in calls.dropFirst() { try await call() }
        try await ground.expectTruth(controller)
      }
    }
  }
}

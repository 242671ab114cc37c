import CSI
import Foundation
import GRPC
import Lab
import Linux
import Testing

@Suite("A mount that somebody else made at a volume's path", .lab, .serialized)
struct StrangersTests {
  /// A tmpfs with a file in it: unmounting it would lose that.
  private func mountTmpfs(at path: String) throws {
    try runProgram(["mkdir", "-p", path])
    try runProgram(["mount", "-t", "tmpfs", "tmpfs", path])
    try "kept".write(toFile: path + "/kept", atomically: false, encoding: .utf8)
  }

  private func expectKept(at path: String, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(
      (try? String(contentsOfFile: path + "/kept", encoding: .utf8)) == "kept",
      sourceLocation: sourceLocation)
  }

  @Test("before it is staged: refused with nothing done, and nothing is unmounted", .bug(id: 3))
  func staging() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume(size: 64 << 20)
      let path = node.stagingPath(volume, .ext4)
      try mountTmpfs(at: path)
      for _ in 0..<2 {
        await expectRefusal(.failedPrecondition, path, "a mount of tmpfs", "did not make") {
          try await node.stage(volume, .ext4)
        }
        expectKept(at: path)
        #expect(try volume.controllers().isEmpty)
      }
      try runProgram(["umount", path])
      try await node.stage(volume, .ext4)
      // Over the volume's own mount.
      try mountTmpfs(at: path)
      await expectRefusal(.failedPrecondition, path, "a mount of tmpfs", "did not make") {
        try await node.stage(volume, .ext4)
      }
      await expectRefusal(.failedPrecondition, path, "a mount of tmpfs", "did not make") {
        try await node.unstage(volume, .ext4)
      }
      expectKept(at: path)
      try runProgram(["umount", path])
      try await node.unstage(volume, .ext4)
    }
  }

  @Test("before it is published there", arguments: [LabNode.Use.ext4, .block])
  func target(use: LabNode.Use) async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume(size: 64 << 20)
      let path = node.targetPath(volume, use)
      try await node.stage(volume, use)
      try mountTmpfs(at: path)
      for _ in 0..<2 {
        await expectRefusal(.failedPrecondition, path, "a mount of tmpfs", "did not make") {
          try await node.publish(volume, use)
        }
        expectKept(at: path)
      }
      // The record does not name the path, so the volume is as it should be.
      let condition = try await node.stats(volume, at: node.stagingPath(volume, use))
        .volumeCondition
      #expect(condition?.abnormal == false, "\(condition?.message ?? "")")
      try runProgram(["umount", path])
      if use == .block { try runProgram(["rmdir", path]) }
      try await node.publish(volume, use)
      try await node.takeDown(volume, use)
    }
  }

  @Test("of a volume that recovery looks after: it says what is there, and waits until it is gone")
  func recovered() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume(size: 96 << 20)
      let (path, writer) = try await node.prepare(volume, .ext4)
      try mountTmpfs(at: path)
      try runProgram(["nvme", "disconnect", "-n", volume.nqn])
      try await eventuallyHolds(within: .seconds(60), "recovery to find it") {
        try await node.stats(volume, at: node.stagingPath(volume, .ext4)).volumeCondition?.message
          .contains("a mount of tmpfs") == true
      }
      try await Task.sleep(for: .seconds(6))
      expectKept(at: path)
      await expectRefusal(.failedPrecondition, "a mount of tmpfs", "did not make") {
        try await node.unpublish(volume, .ext4)
      }
      expectKept(at: path)
      try runProgram(["umount", path])
      try await node.expectHealed(volume, .ext4, at: path, writer)
      try await node.takeDown(volume, .ext4)
    }
  }
}

import Foundation
import GRPC
import Lab
import Testing

@Suite("Taking down", .lab, .serialized)
struct TeardownTests {
  @Test(
    "with the target gone: answers within the deadline, holds nobody up, and ends when it is back")
  func targetGone() async throws {
    try await Scenario.run(arguments: ["--forced-teardown-after", "off"]) { lab in
      let node = lab.node
      let volume = try lab.volume(size: 96 << 20)
      let other = try lab.volume(size: 96 << 20, portals: [.init(2)])
      try await node.stage(volume, .ext4)
      let path = try await node.publish(volume, .ext4)
      try "x".write(toFile: path + "/file", atomically: false, encoding: .utf8)
      try volume.portDown()
      try await Task.sleep(for: .seconds(2))

      let start = ContinuousClock.now
      try? await node.unpublish(volume, .ext4, timeout: .seconds(15))
      await expectRefusal(.deadlineExceeded, "does not answer", "stays staged") {
        try await node.unstage(volume, .ext4, timeout: .seconds(10))
      }
      #expect(ContinuousClock.now - start < .seconds(27))
      let stuck = try LabNode.uninterruptible()
      #expect(stuck == [])

      try await node.stage(other, .ext4)
      try await node.unstage(other, .ext4)

      try volume.portUp()
      try await node.unpublish(volume, .ext4)
      try await node.unstage(volume, .ext4)
      try await node.stage(volume, .ext4)
      try await node.publish(volume, .ext4)
      #expect(
        try String(contentsOfFile: path + "/file", encoding: .utf8) == "x", "flushed at last")
      try await node.unpublish(volume, .ext4)
      try await node.unstage(volume, .ext4)
    }
  }

  @Test("a raw block volume whose target is gone takes no longer")
  func blockTargetGone() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume(size: 64 << 20)
      try await node.stage(volume, .block)
      try await node.publish(volume, .block)
      try volume.portDown()
      try await Task.sleep(for: .seconds(2))
      let start = ContinuousClock.now
      try await node.unpublish(volume, .block, timeout: .seconds(10))
      try await node.unstage(volume, .block, timeout: .seconds(15))
      #expect(ContinuousClock.now - start < .seconds(25))
      try volume.portUp()
    }
  }

  @Test("a volume that somebody still uses is not disconnected under them")
  func busy() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume(size: 96 << 20)
      try await node.stage(volume, .ext4)
      let path = try await node.publish(volume, .ext4)
      try Data("x".utf8).write(to: URL(fileURLWithPath: path + "/file"))
      let held = open(path + "/file", O_RDONLY)
      await expectRefusal(.failedPrecondition, path) {
        try await node.unpublish(volume, .ext4, timeout: .seconds(10))
      }
      close(held)
      try await node.unpublish(volume, .ext4)
      // A mount that is none of the driver's.
      try runProgram(["mkdir", "-p", "/run/lab/elsewhere"])
      try runProgram(["mount", "--bind", node.stagingPath(volume, .ext4), "/run/lab/elsewhere"])
      await expectRefusal(.failedPrecondition, "still used by", "/run/lab/elsewhere") {
        try await node.unstage(volume, .ext4, timeout: .seconds(10))
      }
      #expect(
        try Data(contentsOf: URL(fileURLWithPath: "/run/lab/elsewhere/file")) == Data("x".utf8))
      try runProgram(["umount", "/run/lab/elsewhere"])
      try await node.unstage(volume, .ext4)
    }
  }

  @Test("a mount that the driver did not make is left alone")
  func foreignMount() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume(size: 64 << 20)
      for path in [node.targetPath(volume, .ext4), node.stagingPath(volume, .ext4)] {
        try runProgram(["mkdir", "-p", path])
        try runProgram(["mount", "-t", "tmpfs", "tmpfs", path])
      }
      await expectRefusal(.failedPrecondition, "did not make") {
        try await node.unpublish(volume, .ext4)
      }
      await expectRefusal(.failedPrecondition, "did not make") {
        try await node.unstage(volume, .ext4)
      }
      for path in [node.targetPath(volume, .ext4), node.stagingPath(volume, .ext4)] {
        try runProgram(["umount", path])
      }
    }
  }
}

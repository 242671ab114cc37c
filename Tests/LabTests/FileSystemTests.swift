import CSI
import Foundation
import GRPC
import Lab
import Testing

@Suite("A file system volume", .lab, .serialized)
struct FileSystemTests {
  @Test(
    "lives: staged, published, written, kept, taken down, each step twice",
    arguments: ["ext4", "xfs"])
  func lifecycle(type: String) async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let use = LabNode.Use.fileSystem(type, flags: ["noatime"])
      let volume = try lab.volume(size: 512 << 20)
      try await node.stage(volume, use)
      try await node.stage(volume, use)
      let path = try await node.publish(volume, use)
      #expect(try await node.publish(volume, use) == path)
      try "kept".write(toFile: path + "/file", atomically: true, encoding: .utf8)

      let reader = try await node.publish(volume, use, pod: "pod-2", readonly: true)
      #expect(try String(contentsOfFile: reader + "/file", encoding: .utf8) == "kept")
      #expect(throws: (any Error).self) {
        try "no".write(toFile: reader + "/other", atomically: false, encoding: .utf8)
      }
      let mounts = try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
      #expect(
        mounts.split(separator: "\n").contains { $0.contains(path) && $0.contains("noatime") })

      let stats = try await node.stats(volume, at: path)
      #expect(stats.usage.map(\.unit) == [.bytes, .inodes])
      #expect(stats.usage.allSatisfy { $0.total > 0 && $0.used + $0.available <= $0.total })
      #expect(
        stats.volumeCondition == VolumeCondition(abnormal: false, message: "1 of 1 paths live"))

      await expectRefusal(.failedPrecondition, "still published at \(path)") {
        try await node.unstage(volume, use)
      }
      for pod in ["pod-1", "pod-2"] {
        try await node.unpublish(volume, use, pod: pod)
        try await node.unpublish(volume, use, pod: pod)
        #expect(!FileManager.default.fileExists(atPath: node.targetPath(volume, use, pod: pod)))
      }
      try await node.unstage(volume, use)
      try await node.unstage(volume, use)
      #expect(try node.leftovers() == [])

      try await node.stage(volume, use)
      let again = try await node.publish(volume, use)
      #expect(try String(contentsOfFile: again + "/file", encoding: .utf8) == "kept")
      try await node.unpublish(volume, use)
      try await node.unstage(volume, use)
    }
  }
}

import CSI
import Foundation
import GRPC
import Lab
import Testing

@Suite("Growth", .lab, .serialized)
struct GrowthTests {
  @Test(
    "under load: the file system fills the new size and the writer does not notice",
    arguments: ["ext4", "xfs"])
  func fileSystem(type: String) async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let use = LabNode.Use.fileSystem(type)
      let volume = try lab.volume(size: 384 << 20)
      try await node.stage(volume, use)
      let path = try await node.publish(volume, use)
      let before = try await node.stats(volume, at: path).usage.first?.total ?? 0
      let writer = ChecksumWriter(path: path + "/log")
      writer.start()
      await expectRefusal(.deadlineExceeded, "expand the namespace at the target") {
        _ = try await node.expand(volume, at: path, to: 640 << 20, timeout: .seconds(5))
      }
      try volume.resize(to: 640 << 20)
      #expect(try await node.expand(volume, at: path, to: 640 << 20) == 640 << 20)
      #expect(try await node.expand(volume, at: path, to: 640 << 20) == 640 << 20)
      let after = try await node.stats(volume, at: path).usage.first?.total ?? 0
      #expect(after > before + 200 << 20, "from \(before) to \(after)")
      let acknowledged = writer.acknowledged
      try await eventually(within: .seconds(20), "the writer to go on") {
        writer.acknowledged > acknowledged + 20
      }
      try await writer.stop()
      #expect(writer.failure == nil)
      #expect(try writer.verify() == 0)
      try await node.unpublish(volume, use)
      try await node.unstage(volume, use)
    }
  }

  @Test("of a raw block volume, and by a limit that it exceeds")
  func block() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume(size: 64 << 20)
      try await node.stage(volume, .block)
      let path = try await node.publish(volume, .block)
      try volume.resize(to: 128 << 20)
      #expect(try await node.expand(volume, at: path, to: 128 << 20) == 128 << 20)
      await expectRefusal(.notFound, "neither staged nor published") {
        _ = try await node.expand(volume, at: node.kubelet + "/elsewhere", to: 0)
      }
      try await node.unpublish(volume, .block)
      try await node.unstage(volume, .block)
    }
  }
}

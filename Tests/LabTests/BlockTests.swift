import CSI
import Foundation
import GRPC
import Lab
import Linux
import NVMe
import Testing

@Suite("A raw block volume", .lab, .serialized)
struct BlockTests {
  static func deviceNumber(_ path: String) throws -> DeviceNumber? {
    guard let status = try Files.status(path), status.kind == .blockDevice else { return nil }
    return status.representedDevice
  }

  static func head(of volume: TargetVolume) throws -> Namespace? {
    try NVMeSysfs().subsystem(nqn: NQN(volume.nqn)).flatMap(\.namespaces).first
  }

  @Test("lives: nothing at the staging path, a device node at each target, its bytes kept")
  func lifecycle() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume()
      try await node.stage(volume, .block, mode: .multiNodeMultiWriter)
      try await node.stage(volume, .block, mode: .multiNodeMultiWriter)
      let head = try #require(try Self.head(of: volume))
      #expect(try Files.status(node.stagingPath(volume, .block)) == nil)

      let path = try await node.publish(volume, .block, mode: .multiNodeMultiWriter)
      #expect(try await node.publish(volume, .block, mode: .multiNodeMultiWriter) == path)
      #expect(try Self.deviceNumber(path) == head.device)
      let second = try await node.publish(
        volume, .block, pod: "pod-2", mode: .multiNodeMultiWriter)
      #expect(try Self.deviceNumber(second) == head.device)

      let writer = ChecksumWriter(path: path)
      writer.start(limit: 200)
      try await eventually(within: .seconds(30), "200 records") { writer.acknowledged == 200 }
      try await writer.stop()
      #expect(try writer.verify() == 0)

      let stats = try await node.stats(volume, at: path)
      #expect(stats.usage == [VolumeUsage(unit: .bytes, total: 384 << 20, used: 0, available: 0)])

      await expectRefusal(.failedPrecondition, "still published") {
        try await node.unstage(volume, .block)
      }
      for pod in ["pod-1", "pod-2"] {
        try await node.unpublish(volume, .block, pod: pod)
        try await node.unpublish(volume, .block, pod: pod)
      }
      try await node.unstage(volume, .block)
      try await node.unstage(volume, .block)
      #expect(try node.leftovers() == [])

      try await node.stage(volume, .block)
      let again = try await node.publish(volume, .block)
      #expect(try writer.verify(at: again) == 0, "the bytes survive unstaging")
      try await node.unpublish(volume, .block)
      try await node.unstage(volume, .block)
    }
  }

  @Test("a stale node, which leads to whatever has that number now, is replaced")
  func staleNode() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume()
      try await node.stage(volume, .block)
      let path = try await node.publish(volume, .block)
      let head = try #require(try Self.head(of: volume))
      try Files.replaceWithBlockNode(path, device: DeviceNumber(major: 7, minor: 7), mode: 0o600)
      try await node.publish(volume, .block)
      #expect(try Self.deviceNumber(path) == head.device)
      try await node.unpublish(volume, .block)
      try await node.unstage(volume, .block)
    }
  }

  @Test("what is at the target and not a device node is neither replaced nor unlinked")
  func foreignTarget() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume()
      try await node.stage(volume, .block)
      let path = node.targetPath(volume, .block)
      try Files.makeDirectories(
        String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]), mode: 0o755)
      try "somebody's".write(toFile: path, atomically: false, encoding: .utf8)
      await expectRefusal(.failedPrecondition, path) { try await node.publish(volume, .block) }
      await expectRefusal(.failedPrecondition, path) { try await node.unpublish(volume, .block) }
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "somebody's")
      try Files.unlink(path)
      try await node.unpublish(volume, .block)
      try await node.unstage(volume, .block)
    }
  }

  @Test("a target on a nodev file system is refused with the reason")
  func nodev() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume()
      try await node.stage(volume, .block)
      let directory = "\(node.kubelet)/plugins/kubernetes.io/csi/volumeDevices/publish"
      try Files.makeDirectories(directory, mode: 0o755)
      try runProgram(["mount", "-t", "tmpfs", "-o", "nodev", "tmpfs", directory])
      await expectRefusal(.failedPrecondition, "nodev", directory) {
        try await node.publish(volume, .block)
      }
      try runProgram(["umount", directory])
      try await node.unpublish(volume, .block)
      try await node.unstage(volume, .block)
    }
  }

  @Test("read-only is refused, since nothing would enforce it")
  func readOnly() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume()
      try await node.stage(volume, .block)
      await expectRefusal(.failedPrecondition, "read-only raw block volume") {
        try await node.publish(volume, .block, readonly: true)
      }
      try await node.unstage(volume, .block)
    }
  }
}

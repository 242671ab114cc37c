import Foundation
import GRPC
import Lab
import NVMe
import Testing

/// The plugin is killed at every step of every operation; a new one and the kubelet's retry finish it.
@Suite("A plugin that is killed", .lab, .serialized)
struct CrashTests {
  static func around(_ operation: String, _ steps: String...) -> [String] {
    steps.flatMap { ["\(operation).\($0).before", "\(operation).\($0).after"] }
  }

  /// Runs `operation` in a plugin that dies at the checkpoint, then again in one that does not.
  private func killed(
    _ node: LabNode, at checkpoint: String, _ operation: () async throws -> Void
  ) async throws {
    _ = try await node.driver.stop()
    try await node.start(environment: ["NVMEOF_CSI_CRASH_AT": checkpoint])
    let error = await #expect(throws: RPCError.self, "\(checkpoint)") { try await operation() }
    #expect(error?.code == .unavailable, "\(checkpoint): \(error?.message ?? "")")
    try await node.driver.waitForEnd(within: .seconds(5))
    try await node.start()
    try await operation()
    // The operation after its own success.
    try await operation()
  }

  static let stageSteps = around(
    "stage", "record", "connect", "namespace", "pin", "probe", "intent", "format", "formatted",
    "mount",
    "commit")

  @Test("while it stages an empty volume", arguments: stageSteps)
  func stage(checkpoint: String) async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume(size: 96 << 20)
      try await killed(node, at: checkpoint) { try await node.stage(volume, .ext4) }
      let path = try await node.publish(volume, .ext4)
      try "x".write(toFile: path + "/file", atomically: true, encoding: .utf8)
      try await node.unpublish(volume, .ext4)
      try await node.unstage(volume, .ext4)
    }
  }

  @Test("while it publishes, unpublishes and unstages a file system, step by step")
  func fileSystem() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume(size: 96 << 20)
      try await node.stage(volume, .ext4)
      let file = try await node.publish(volume, .ext4) + "/file"
      try "kept".write(toFile: file, atomically: true, encoding: .utf8)
      try await node.unpublish(volume, .ext4)
      for checkpoint in Self.around(
        "publish", "record", "connect", "namespace", "target", "bind")
      {
        try await killed(node, at: checkpoint) { try await node.publish(volume, .ext4) }
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "kept", "\(checkpoint)")
        try await node.unpublish(volume, .ext4)
      }
      for checkpoint in Self.around("unpublish", "remove", "forget") {
        try await node.publish(volume, .ext4)
        try await killed(node, at: checkpoint) { try await node.unpublish(volume, .ext4) }
      }
      for checkpoint in Self.around("unstage", "retire", "live", "unmount", "disconnect", "forget")
      {
        try await killed(node, at: checkpoint) { try await node.unstage(volume, .ext4) }
        #expect(try node.leftovers() == [], "\(checkpoint)")
        try await node.stage(volume, .ext4)
      }
      try await node.publish(volume, .ext4)
      #expect(try String(contentsOfFile: file, encoding: .utf8) == "kept")
      try await node.unpublish(volume, .ext4)
      try await node.unstage(volume, .ext4)
    }
  }

  @Test("while it publishes and unpublishes a raw block volume, step by step")
  func block() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume(size: 96 << 20)
      try await node.stage(volume, .block)
      for checkpoint in Self.around("publish", "target", "node") {
        try await killed(node, at: checkpoint) { try await node.publish(volume, .block) }
        #expect(
          try BlockTests.deviceNumber(node.targetPath(volume, .block))
            == BlockTests.head(of: volume)?.device)
        try await node.unpublish(volume, .block)
      }
      for checkpoint in Self.around("unpublish", "remove", "forget") {
        try await node.publish(volume, .block)
        try await killed(node, at: checkpoint) { try await node.unpublish(volume, .block) }
      }
      try await node.unstage(volume, .block)
    }
  }

  @Test(
    "while it has the kernel keep the disk of a volume that it stages",
    .enabled(if: GuestKernel.keepsDisks, "needs delayed_removal_secs: --kernel 7.2"),
    arguments: around("stage", "retain"))
  func retain(checkpoint: String) async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume(size: 96 << 20)
      try await killed(node, at: checkpoint) { try await node.stage(volume, .block) }
      #expect(try BlockTests.head(of: volume)?.removalDelay == 600)
      try await node.unstage(volume, .block)
    }
  }

  @Test(
    "while it has the kernel keep the disk of a volume that an older plugin staged",
    .enabled(if: GuestKernel.keepsDisks, "needs delayed_removal_secs: --kernel 7.2"),
    arguments: around("recover", "retain"))
  func retainOlder(checkpoint: String) async throws {
    try await Scenario.run(arguments: ["--delayed-removal-secs", "0"]) { lab in
      let node = lab.node
      let volume = try lab.volume(size: 96 << 20)
      try await node.stage(volume, .block)
      let path = try await node.publish(volume, .block)
      let head = try #require(try BlockTests.head(of: volume))
      #expect(head.removalDelay == 0)
      _ = try await node.driver.stop()
      // It dies by itself, as soon as it looks at the volume.
      try node.driver.start(environment: ["NVMEOF_CSI_CRASH_AT": checkpoint])
      try await node.driver.waitForEnd(within: .seconds(60))
      #expect(
        try BlockTests.head(of: volume)?.removalDelay == (checkpoint.hasSuffix("after") ? 600 : 0))
      try await node.start()
      try await eventually(within: .seconds(30), "recovery to have the kernel keep the disk") {
        try BlockTests.head(of: volume)?.removalDelay == 600
      }
      #expect(try BlockTests.deviceNumber(path) == head.device)
      try await node.takeDown(volume, .block)
    }
  }

  @Test("under a writer: the writer does not notice")
  func underLoad() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume()
      try await node.stage(volume, .ext4)
      let path = try await node.publish(volume, .ext4)
      let writer = ChecksumWriter(path: path + "/log")
      writer.start()
      for _ in 0..<3 {
        try await node.driver.killNow()
        let before = writer.acknowledged
        try await eventually(within: .seconds(20), "the writer to go on") {
          writer.acknowledged > before + 20
        }
        try await node.start()
        try await node.publish(volume, .ext4)
      }
      try await writer.stop()
      #expect(writer.failure == nil)
      #expect(try writer.verify() == 0)
      try await node.unpublish(volume, .ext4)
      try await node.unstage(volume, .ext4)
    }
  }
}

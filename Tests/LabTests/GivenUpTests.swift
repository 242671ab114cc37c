import Foundation
import GRPC
import Lab
import NVMe
import Testing

@Suite("A target that is gone for good", .lab, .serialized)
struct GivenUpTests {
  static let patience = ["--forced-teardown-after", "3"]

  /// Leaves data in the page cache that the target has not got, and takes the target away.
  private func abandon(_ lab: Scenario, _ volume: TargetVolume) async throws {
    try await lab.node.stage(volume, .ext4)
    let path = try await lab.node.publish(volume, .ext4)
    try Data(repeating: 7, count: 1 << 20).write(to: URL(fileURLWithPath: path + "/synced"))
    try runProgram(["sync", "-f", path])
    try Data(repeating: 9, count: 8 << 20).write(to: URL(fileURLWithPath: path + "/dirty"))
    try volume.portDown()
    try await lab.node.unpublish(volume, .ext4)
  }

  /// What had reached the target is there, and the volume is of use again.
  private func expectUsable(_ lab: Scenario, _ volume: TargetVolume) async throws {
    try volume.portUp()
    try await lab.node.stage(volume, .ext4)
    let path = try await lab.node.publish(volume, .ext4)
    let synced = try Data(contentsOf: URL(fileURLWithPath: path + "/synced"))
    #expect(synced == Data(repeating: 7, count: 1 << 20))
    try await lab.node.takeDown(volume, .ext4)
  }

  @Test("is given up by Unstage; what was flushed is kept, and no other volume is touched")
  func forced() async throws {
    try await Scenario.run(arguments: Self.patience) { lab in
      let node = lab.node
      let volume = try lab.volume(size: 96 << 20)
      let other = try lab.volume(size: 96 << 20, portals: [.init(2)])
      try await node.stage(other, .ext4)
      let writer = ChecksumWriter(path: try await node.publish(other, .ext4) + "/log")
      writer.start()
      try await abandon(lab, volume)

      let start = ContinuousClock.now
      try await node.unstage(volume, .ext4, timeout: .seconds(60))
      print("given up in \(ContinuousClock.now - start)")
      #expect(node.driver.logTail(200).contains("is torn down without it"))
      #expect(try volume.controllers() == [])
      #expect(try LabNode.uninterruptible() == [])
      try await writer.stop()
      #expect(writer.failure == nil)
      #expect(try writer.verify() == 0)
      try await expectUsable(lab, volume)
      try await node.takeDown(other, .ext4)
    }
  }

  @Test("is given up as well when the plugin is killed over it", arguments: ["before", "after"])
  func killed(when: String) async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume(size: 96 << 20)
      try await abandon(lab, volume)
      try await node.driver.killNow()
      try await node.start(
        environment: ["NVMEOF_CSI_CRASH_AT": "unstage.give-up.\(when)"], arguments: Self.patience)
      let error = await #expect(throws: RPCError.self) { try await node.unstage(volume, .ext4) }
      #expect(error?.code == .unavailable, "\(error?.message ?? "")")
      try await node.driver.waitForEnd(within: .seconds(5))
      try await node.start(arguments: Self.patience)
      try await node.unstage(volume, .ext4)
      try await node.unstage(volume, .ext4)
      #expect(try node.leftovers() == [])
      try await expectUsable(lab, volume)
    }
  }

  @Test("whose port stays open is given up, however the kernel takes its answer")
  func subsystemGone() async throws {
    let arguments = Self.patience + ["--delayed-removal-secs", "15"]
    try await Scenario.run(arguments: arguments) { lab in
      let node = lab.node
      _ = try lab.volume(size: 16 << 20)
      let volume = try lab.volume(size: 96 << 20)
      try await abandon(lab, volume)
      // A disk that the kernel keeps cannot be made to go before its time: then Unstage asks for a retry.
      var refusals: [String] = []
      for _ in 0..<10 {
        do {
          try await node.unstage(volume, .ext4, timeout: .seconds(20))
          break
        } catch let error as RPCError {
          refusals.append(error.message)
          #expect([.deadlineExceeded, .unavailable].contains(error.code), "\(error)")
          try await Task.sleep(for: .seconds(1))
        }
      }
      print("given up after \(refusals.count) refusals: \(refusals)")
      #expect(try node.leftovers() == [])
      try await expectUsable(lab, volume)
    }
  }
}

import CSI
import Foundation
import GRPC
import Lab
import Linux
import NVMe
import Testing

/// Whatever takes a volume's device away: without any RPC the publish path works again.
@Suite("A volume whose controller is gone", .lab, .serialized)
struct HealingTests {
  static let uses: [LabNode.Use] = [.ext4, .xfs, .block]
  static let impatient = ["ctrlLossTmo": "5"]

  @Test("since the kernel gave up in an outage longer than ctrl_loss_tmo", arguments: uses)
  func gaveUp(use: LabNode.Use) async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume()
      let (path, writer) = try await node.prepare(volume, use, Self.impatient)
      try volume.portDown()
      try await eventually(within: .seconds(60), "the kernel to give up") {
        try volume.controllers().isEmpty
      }
      let condition = try await node.stats(volume, at: path).volumeCondition
      #expect(condition?.abnormal == true)
      try await Task.sleep(for: .seconds(5))
      try volume.portUp()
      try await node.expectHealed(volume, use, at: path, writer)
      try await node.takeDown(volume, use)
    }
  }

  @Test("while somebody holds its files open: the path is renewed under them")
  func heldOpen() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume()
      let (path, writer) = try await node.prepare(volume, .ext4, Self.impatient)
      let held = open(path + "/log", O_RDONLY)
      defer { close(held) }
      let before = try #require(try BlockTests.head(of: volume)?.device)
      try volume.portDown()
      try await eventually(within: .seconds(60), "the kernel to give up") {
        try volume.controllers().isEmpty
      }
      try volume.portUp()
      try await node.expectHealed(volume, .ext4, at: path, writer)
      #expect(try BlockTests.head(of: volume)?.device != before, "another device number")
      // What is held open leads to the old one, and the driver does not pretend otherwise: not after the
      // kubelet has published it again either.
      try await node.publish(volume, .ext4)
      let renewed = try #require(try await node.stats(volume, at: path).volumeCondition)
      #expect(renewed.abnormal && renewed.message.hasPrefix("1 of 1 paths live; it came back as "))
      try await node.unpublish(volume, .ext4)
      try await node.publish(volume, .ext4)
      let fresh = try await node.stats(volume, at: path).volumeCondition
      #expect(fresh == VolumeCondition(abnormal: false, message: "1 of 1 paths live"))
      try await node.takeDown(volume, .ext4)
    }
  }

  @Test("since an administrator disconnected it under a mounted file system", arguments: uses)
  func disconnected(use: LabNode.Use) async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume(portals: [.init(1), .init(2)])
      let (path, writer) = try await node.prepare(volume, use)
      try runProgram(["nvme", "disconnect", "-n", volume.nqn])
      try await node.expectHealed(volume, use, at: path, writer)
      try await eventually(within: .seconds(60), "both paths") {
        try volume.controllers().filter { $0.state == .live }.count == 2
      }
      try await node.takeDown(volume, use)
    }
  }

  @Test("and the plugin with it: the next one heals it", arguments: uses)
  func pluginGone(use: LabNode.Use) async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume()
      let (path, writer) = try await node.prepare(volume, use)
      try await node.driver.killNow()
      try runProgram(["nvme", "disconnect", "-n", volume.nqn])
      try await node.start()
      try await node.expectHealed(volume, use, at: path, writer)
      try await node.takeDown(volume, use)
    }
  }

  @Test("is made whole again by NodePublishVolume, or NodeStageVolume, at the latest")
  func publishHeals() async throws {
    // Whatever heals here the RPC has healed.
    try await Scenario.run(environment: ["NVMEOF_CSI_NO_RECOVERY": "1"]) { lab in
      let node = lab.node
      let volume = try lab.volume()
      let (path, writer) = try await node.prepare(volume, .ext4)
      for publishes in [true, false] {
        try runProgram(["nvme", "disconnect", "-n", volume.nqn])
        try await Task.sleep(for: .seconds(8))
        #expect(!node.works(volume, .ext4, at: path, writer), "recovery is held off")
        if publishes {
          try await node.publish(volume, .ext4)
        } else {
          try await node.stage(volume, .ext4)
        }
        #expect(node.works(volume, .ext4, at: path, writer))
      }
      try await node.takeDown(volume, .ext4)
    }
  }

  @Test("and whose target serves something else now: nothing is touched, and it says so")
  func foreign() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume()
      // Without writes on the way: those that wait in an outage the kernel sends to whatever answers,
      // before it looks who that is.
      let use = LabNode.Use.fileSystem("ext4", flags: ["noinit_itable"])
      let (path, writer) = try await node.prepare(volume, use)
      try runProgram(["sync", "-f", path])
      try volume.portDown()
      let before = try Data(contentsOf: URL(fileURLWithPath: volume.backingFile))
      try volume.recreate(
        uuid: "00000000-0000-4000-8000-00000000dead", host: node.host.nqn.rawValue)
      try volume.portUp()
      // Where the kernel keeps the disk it refuses the stranger itself.
      let isKept = try BlockTests.head(of: volume)?.removalDelay != nil
      try await eventually(within: .seconds(60), "the plugin to notice") {
        let controllers = try volume.controllers()
        return controllers.contains { $0.state == .live }
          && node.driver.logTail(200).contains(isKept ? "to=absent" : "to=foreign")
      }
      let condition = try await node.stats(volume, at: node.stagingPath(volume, use))
        .volumeCondition
      let text = isKept ? "another is in its place" : "another volume's data"
      #expect(condition?.message.contains(text) == true, "\(condition as Any)")
      await expectRefusal(
        isKept ? .deadlineExceeded : .failedPrecondition,
        isKept ? "which no controller leads to" : "dead"
      ) { try await node.stage(volume, use, timeout: .seconds(10)) }
      #expect(try Data(contentsOf: URL(fileURLWithPath: volume.backingFile)) == before)

      try volume.portDown()
      try volume.recreate(host: node.host.nqn.rawValue)
      try volume.portUp()
      try await node.expectHealed(volume, use, at: path, writer)
      try await node.takeDown(volume, use)
    }
  }

  @Test("sixteen at once: all of them come back", .long)
  func many() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      var published: [(TargetVolume, String, ChecksumWriter)] = []
      for number in 0..<16 {
        let volume = try lab.volume(size: 64 << 20, portals: [.init(1 + number % 4)])
        let (path, writer) = try await node.prepare(volume, .ext4)
        published.append((volume, path, writer))
      }
      for (volume, _, _) in published { try runProgram(["nvme", "disconnect", "-n", volume.nqn]) }
      let start = ContinuousClock.now
      try await eventually(within: .seconds(240), "all to work again") {
        published.allSatisfy { node.works($0.0, .ext4, at: $0.1, $0.2) }
      }
      print("healed 16 volumes in \(ContinuousClock.now - start)")
      for (volume, _, _) in published { try await node.takeDown(volume, .ext4) }
    }
  }
}

import CSI
import Foundation
import GRPC
import Lab
import NVMe
import Testing

@Suite("An outage of the target", .lab, .serialized)
struct OutageTests {
  static let uses: [LabNode.Use] = [.ext4, .xfs, .block]

  @Test("of 20 s stalls a writer and costs it nothing", arguments: uses)
  func stall(use: LabNode.Use) async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume()
      try await node.stage(volume, use)
      let path = try await node.publish(volume, use)
      let writer = ChecksumWriter(path: use == .block ? path : path + "/log")
      writer.start()
      try await eventually(within: .seconds(30), "first records") { writer.acknowledged > 50 }

      try volume.portDown()
      try await Task.sleep(for: .seconds(3))
      let stalledAt = writer.acknowledged
      let condition = try await node.stats(volume, at: path).volumeCondition
      #expect(condition?.abnormal == true)
      #expect(condition?.message.contains("does not answer") == true, "\(condition?.message ?? "")")
      // Whoever is impatient with a stalled volume gets the same answers as ever.
      try await node.stage(volume, use)
      try await node.publish(volume, use)
      try await Task.sleep(for: .seconds(17))
      #expect(writer.acknowledged == stalledAt)
      #expect(writer.failure == nil)

      try volume.portUp()
      try await eventually(within: .seconds(60), "the writer to go on") {
        writer.acknowledged > stalledAt + 50
      }
      try await writer.stop()
      #expect(writer.failure == nil)
      #expect(writer.longestWait > .seconds(15))
      #expect(try writer.verify() == 0)
      try await node.unpublish(volume, use)
      try await node.unstage(volume, use)
    }
  }

  @Test("at one of two portals is not noticed by a writer")
  func twoPortals() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume(portals: [.init(1), .init(2)])
      try await node.stage(volume, .ext4)
      let path = try await node.publish(volume, .ext4)
      #expect(
        try await node.stats(volume, at: path).volumeCondition?.message == "2 of 2 paths live")
      let writer = ChecksumWriter(path: path + "/log")
      writer.start()
      for portal in volume.portals {
        try volume.portDown(portal)
        let before = writer.acknowledged
        try await eventually(within: .seconds(60), "the writer to go on over the other path") {
          writer.acknowledged > before + 20
        }
        let condition = try await node.stats(volume, at: path).volumeCondition
        #expect(
          condition?.message.contains("1 of 2 paths") == true, "\(condition?.message ?? "none")")
        try volume.portUp(portal)
        try await eventually(within: .seconds(60), "both paths to be live") {
          try NVMeSysfs().subsystem(nqn: NQN(volume.nqn)).flatMap(\.controllers)
            .filter { $0.state == .live }.count == 2
        }
      }
      try await writer.stop()
      #expect(writer.failure == nil)
      #expect(try writer.verify() == 0)
      try await node.unpublish(volume, .ext4)
      try await node.unstage(volume, .ext4)
    }
  }

  @Test("of the whole network for 20 s costs nothing either")
  func network() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume(portals: [.init(1), .init(2)])
      try await node.stage(volume, .ext4)
      let path = try await node.publish(volume, .ext4)
      let writer = ChecksumWriter(path: path + "/log")
      writer.start()
      try await eventually(within: .seconds(30), "first records") { writer.acknowledged > 50 }
      try LabNetwork.drop()
      try await Task.sleep(for: .seconds(20))
      let stalledAt = writer.acknowledged
      try LabNetwork.restore()
      try await eventually(within: .seconds(120), "the writer to go on") {
        writer.acknowledged > stalledAt + 50
      }
      try await writer.stop()
      #expect(writer.failure == nil)
      #expect(try writer.verify() == 0)
      try await node.unpublish(volume, .ext4)
      try await node.unstage(volume, .ext4)
    }
  }

  @Test("with the subsystem made anew, same identity, in the middle: the volume comes back")
  func recreated() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume()
      try await node.stage(volume, .ext4)
      let path = try await node.publish(volume, .ext4)
      let writer = ChecksumWriter(path: path + "/log")
      writer.start()
      try await eventually(within: .seconds(30), "first records") { writer.acknowledged > 50 }
      try volume.portDown()
      try volume.recreate(host: node.host.nqn.rawValue)
      try await Task.sleep(for: .seconds(4))
      let stalledAt = writer.acknowledged
      try volume.portUp()
      try await eventually(within: .seconds(60), "the writer to go on") {
        writer.acknowledged > stalledAt + 50
      }
      try await writer.stop()
      #expect(writer.failure == nil)
      #expect(try writer.verify() == 0)
      try await node.unpublish(volume, .ext4)
      try await node.unstage(volume, .ext4)
    }
  }
}

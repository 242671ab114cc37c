import Foundation
import Lab
import Linux
import NVMe
import StateStore
import Testing

@Suite("A subsystem with more than the volume", .lab, .serialized)
struct SiblingTests {
  private static let uuid = "5ca1ab1e-0000-4000-8000-00000000beef"

  /// A volume and a second namespace beside it.
  private func pair(_ lab: Scenario) throws -> (TargetVolume, TargetVolume) {
    let volume = try lab.volume(size: 64 << 20)
    try lab.target.createNamespace(
      volume.nqn, 2, size: 64 << 20, identity: .init(uuid: Self.uuid))
    return (volume, volume.twin(name: "\(volume.name)-sibling", uuid: Self.uuid))
  }

  @Test(
    "stays connected for a file system that somebody mounted by hand, when the volume is unstaged")
  func mountedByHand() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let (volume, _) = try pair(lab)
      try await node.stage(volume, .ext4)
      let sibling = try #require(
        try NVMeSysfs().subsystem(nqn: NQN(volume.nqn)).flatMap(\.namespaces)
          .first { $0.nsid == 2 })
      try runProgram(["mkfs.ext4", "-q", "/dev/\(sibling.name)"])
      try runProgram(["mkdir", "-p", "/run/lab/elsewhere"])
      try runProgram(["mount", "/dev/\(sibling.name)", "/run/lab/elsewhere"])

      try await node.unstage(volume, .ext4)
      #expect(try volume.controllers().map(\.state) == [.live])
      #expect(node.driver.logTail(200).contains("stays connected"))
      try Data("x".utf8).write(to: URL(fileURLWithPath: "/run/lab/elsewhere/file"))
      try runProgram(["sync", "-f", "/run/lab/elsewhere"])

      // The next one to leave finds nobody left.
      try await node.stage(volume, .ext4)
      try runProgram(["umount", "/run/lab/elsewhere"])
      try await node.unstage(volume, .ext4)
      #expect(try volume.controllers() == [])
    }
  }

  @Test("stays connected for a volume whose stage record cannot be read")
  func unreadableRecord() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let (volume, sibling) = try pair(lab)
      try await node.stage(volume, .ext4)
      try await node.stage(sibling, .block, context: ["nsid": "2"])
      let path = try await node.publish(sibling, .block)
      _ = try await node.driver.stop()
      let state = node.driver.directory + "/state"
      let record = try await replace(sibling.name, in: state, with: Array("{}".utf8))
      try await node.start()

      try await node.unstage(volume, .ext4)
      #expect(try volume.controllers().map(\.state) == [.live])
      #expect(node.driver.logTail(200).contains("may be staged from it"))
      #expect(
        try Files.status(path)?.representedDevice
          == NVMeSysfs().subsystem(nqn: NQN(volume.nqn)).flatMap(\.namespaces)
          .first { $0.nsid == 2 }?.device)

      _ = try await node.driver.stop()
      _ = try await replace(sibling.name, in: state, with: record)
      try await node.start()
      try await node.takeDown(sibling, .block)
      #expect(try volume.controllers() == [])
    }
  }

  /// Puts another value into the plugin's state, which must not run; returns what was there.
  private func replace(
    _ key: String, in directory: String, with bytes: [UInt8]
  ) async throws -> [UInt8] {
    let store = try await FileStateStore(directory: directory)
    let present = try #require(try await store.get(key))
    _ = try await store.put(key, bytes, ifVersion: present.version)
    return present.bytes
  }
}

import CSI
import Foundation
import Lab
import Linux
import NVMe
import Testing

/// The kernel gives the number of a disk that is gone to the next one that comes: what is published
/// must not lead there.
@Suite("The device node of a raw block volume whose disk is gone", .lab, .serialized)
struct StrayNodeTests {
  /// Two volumes, the first of them published, with data, and lost: the kernel has no disk of it any
  /// more, and nobody has held it open. Returns the number that it had.
  private func lose(
    _ volume: TargetVolume, _ node: LabNode, killing: Bool = false
  ) async throws -> (path: String, writer: ChecksumWriter, number: DeviceNumber) {
    let (path, writer) = try await node.prepare(volume, .block, HealingTests.impatient)
    let number = try #require(try BlockTests.head(of: volume)).device
    if killing { try await node.driver.killNow() }
    try volume.portDown()
    try await eventually(within: .seconds(60), "the kernel to give up") {
      try volume.controllers().isEmpty && BlockTests.head(of: volume) == nil
    }
    return (path, writer, number)
  }

  /// errno of opening it; 0 when it opens.
  private func openError(_ path: String) -> Int32 {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { return errno }
    close(descriptor)
    return 0
  }

  private func expectNowhere(_ path: String) throws {
    #expect(try BlockTests.deviceNumber(path) == .nowhere)
    #expect(openError(path) == ENXIO)
  }

  /// The lost volume comes back, and neither has got anything of the other's.
  private func expectBothIntact(
    _ lab: Scenario, _ lost: (TargetVolume, String, ChecksumWriter),
    _ other: (TargetVolume, String, ChecksumWriter)
  ) async throws {
    let number = try BlockTests.head(of: other.0)?.device
    try lost.0.portUp()
    try await lab.node.expectHealed(lost.0, .block, at: lost.1, lost.2)
    #expect(try BlockTests.deviceNumber(lost.1) != number)
    #expect(try BlockTests.deviceNumber(other.1) == number)
    #expect(try other.2.verify(at: other.1) == 0)
    for (volume, _, _) in [lost, other] { try await lab.node.takeDown(volume, .block) }
  }

  @Test(
    "leads nowhere before another volume has its number, with and without uevents",
    arguments: isLong ? [[:], ["NVMEOF_CSI_DEAF": "1"]] : [[:]])
  func reused(environment: [String: String]) async throws {
    try await Scenario.run(environment: environment) { lab in
      let node = lab.node
      let volume = try lab.volume(size: 64 << 20)
      let other = try lab.volume(size: 64 << 20, portals: [.init(2)])
      let (path, writer, number) = try await lose(volume, node)
      let start = ContinuousClock.now
      try await eventually(within: .seconds(10), "the node to lead nowhere") {
        try BlockTests.deviceNumber(path) == .nowhere
      }
      print("leads nowhere \(ContinuousClock.now - start) after the disk was seen to be gone")
      try expectNowhere(path)
      let condition = try await node.stats(volume, at: path).volumeCondition
      #expect(
        condition?.message.contains("lead nowhere until its disk is back") == true,
        "\(condition as Any)")

      let (otherPath, otherWriter) = try await node.prepare(other, .block)
      #expect(try BlockTests.deviceNumber(otherPath) == number, "the kernel has given it away")
      try expectNowhere(path)
      try await expectBothIntact(lab, (volume, path, writer), (other, otherPath, otherWriter))
    }
  }

  @Test("leads nowhere when the next plugin has staged another volume, which gets its number")
  func pluginGone() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume(size: 64 << 20)
      let other = try lab.volume(size: 64 << 20, portals: [.init(2)])
      let (path, writer, number) = try await lose(volume, node, killing: true)
      #expect(try BlockTests.deviceNumber(path) == number, "nobody was there to take it away")
      try await node.start(environment: ["NVMEOF_CSI_DEAF": "1"])
      try await node.stage(other, .block)
      try expectNowhere(path)
      let (otherPath, otherWriter) = try await node.prepare(other, .block)
      #expect(try BlockTests.deviceNumber(otherPath) == number, "the kernel has given it away")
      try expectNowhere(path)
      try await expectBothIntact(lab, (volume, path, writer), (other, otherPath, otherWriter))
    }
  }

  @Test("is taken away from a volume that was connected while no plugin was there")
  func misled() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume(size: 64 << 20)
      let other = try lab.volume(size: 64 << 20, portals: [.init(2)])
      let (path, writer, number) = try await lose(volume, node, killing: true)
      try runProgram([
        "nvme", "connect", "-t", "tcp", "-n", other.nqn, "-a", other.portals[0].address, "-s",
        "4420", "--hostnqn", node.host.nqn.rawValue, "--hostid", "\(node.host.id)",
      ])
      try await eventually(within: .seconds(20), "the other volume's disk") {
        try BlockTests.head(of: other)?.device == number
      }
      #expect(openError(path) == 0, "what is to be prevented: the other volume opens")
      try await node.start()
      let start = ContinuousClock.now
      try await eventually(within: .seconds(10), "the node to lead nowhere") {
        try BlockTests.deviceNumber(path) == .nowhere
      }
      print("leads nowhere \(ContinuousClock.now - start) after the plugin answered")
      try expectNowhere(path)
      let (otherPath, otherWriter) = try await node.prepare(other, .block)
      try await expectBothIntact(lab, (volume, path, writer), (other, otherPath, otherWriter))
    }
  }

  @Test("has its number to itself for as long as somebody has the disk open")
  func heldOpen() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume(size: 64 << 20)
      let other = try lab.volume(size: 64 << 20, portals: [.init(2)])
      let (path, writer) = try await node.prepare(volume, .block, HealingTests.impatient)
      let number = try #require(try BlockTests.head(of: volume)).device
      let held = open(path, O_RDONLY)
      #expect(held >= 0)
      try volume.portDown()
      try await eventually(within: .seconds(60), "the node to lead nowhere") {
        try BlockTests.deviceNumber(path) == .nowhere
      }
      let (otherPath, otherWriter) = try await node.prepare(other, .block)
      #expect(try BlockTests.deviceNumber(otherPath) != number)
      close(held)
      try await expectBothIntact(lab, (volume, path, writer), (other, otherPath, otherWriter))
    }
  }
}

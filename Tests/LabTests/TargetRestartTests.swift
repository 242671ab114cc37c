import Foundation
import Lab
import Linux
import NVMe
import Testing

/// Since Linux 6.10 a host that asks a target for a subsystem that is not exported yet loses its
/// controller. A port listens from its first subsystem on, so the controller makes all of them whole
/// first and exports them in a row.
@Suite("A target that restarts", .lab, .serialized)
struct TargetRestartTests {
  private static let hosts = 10

  private struct Guest {
    let nodeID: String
    let volume: TargetVolume
    let disk: String
    let controllers: [String]
    let writer: ChecksumWriter
  }

  @Test(
    "with one port for many volumes and hosts: none loses its controller, all go on",
    .timeLimit(.minutes(10)))
  func manyHosts() async throws {
    try await Cluster.run(on: .memory) { cluster in
      var guests: [Guest] = []
      for number in 0..<Self.hosts { guests.append(try await self.guest(number, cluster)) }
      for guest in guests { guest.writer.start(limit: .max, pause: .milliseconds(50)) }
      for restart in 1...3 {
        try await cluster.controller.process.killNow()
        try NVMeTarget().loseEverything()
        // Their retries are spread over the time by now.
        try await Task.sleep(for: .milliseconds(2_500 + 300 * restart))
        let before = guests.map(\.writer.acknowledged)
        let start = ContinuousClock.now
        try await cluster.controller.start()
        try await eventually(within: .seconds(60), "every writer to go on") {
          zip(guests, before).allSatisfy { $0.writer.acknowledged > $1 + 5 || !$0.writer.isRunning }
        }
        print("restart \(restart): all went on \(ContinuousClock.now - start) after the start")
        #expect(
          try guests.map { try $0.volume.controllers().map(\.name) } == guests.map(\.controllers))
      }
      for guest in guests {
        try await guest.writer.stop()
        #expect(guest.writer.failure == nil)
        #expect(try guest.writer.verify() == 0)
        #expect(try BlockTests.head(of: guest.volume)?.name == guest.disk)
        #expect(try BlockTests.head(of: guest.volume)?.uuid?.description == guest.volume.uuid)
        try Program.run("nvme", "disconnect", "-n", guest.volume.nqn)
        try await cluster.controller.unpublish(guest.volume, from: guest.nodeID)
        try await cluster.controller.delete(guest.volume)
      }
    }
  }

  /// A host with a volume of its own, connected without the driver's node.
  private func guest(_ number: Int, _ cluster: Cluster) async throws -> Guest {
    let nodeID = "host-\(number)"
    let host = HostIdentity(nodeID: nodeID)
    let volume = try await cluster.create("volume-\(number)", size: 8 << 20, .block)
    try await cluster.controller.publish(volume, to: nodeID, cluster.node.capability(.block))
    let portal = try #require(volume.portals.first)
    try Program.run(
      "nvme", "connect", "-t", "tcp", "-a", portal.address, "-s", String(portal.port),
      "-n", volume.nqn, "--hostnqn", host.nqn.rawValue, "--hostid", host.id.description,
      "--ctrl-loss-tmo=-1", "--reconnect-delay=1")
    try await eventually(within: .seconds(30), "the disk of \(nodeID)") {
      guard let disk = try BlockTests.head(of: volume), disk.size > 0 else { return false }
      return try Files.status("/dev/\(disk.name)") != nil
    }
    let disk = try #require(try BlockTests.head(of: volume)).name
    var options = ChecksumWriter.Options()
    options.capacity = 1_000
    return Guest(
      nodeID: nodeID, volume: volume, disk: disk,
      controllers: try volume.controllers().map(\.name),
      writer: ChecksumWriter(path: "/dev/\(disk)", options: options))
  }
}

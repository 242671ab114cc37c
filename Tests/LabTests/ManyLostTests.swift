import Foundation
import Lab
import Linux
import NVMe
import Testing

@Suite("Many volumes", .lab, .long, .serialized)
struct ManyLostTests {
  /// Programs called `nvme` that run now.
  private func nvmeProcesses() throws -> Int {
    try Files.names(inDirectory: "/proc").count { process in
      (try? String(contentsOfFile: "/proc/\(process)/comm", encoding: .utf8)) == "nvme\n"
    }
  }

  private func all(
    _ volumes: [TargetVolume], _ body: @escaping @Sendable (TargetVolume) async throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (index, volume) in volumes.enumerated() {
        if index >= 8 { try await group.next() }
        group.addTask { try await body(volume) }
      }
      try await group.waitForAll()
    }
  }

  /// All at once, since each may have to wait for the end of an attempt to connect.
  private func deleteAll(_ controllers: [Controller]) throws {
    let files = controllers.map { "/sys/class/nvme/\($0.name)/delete_controller" }
    try runProgram(["sh", "-c", "for file; do echo 1 > \"$file\" & done; wait", "sh"] + files)
  }

  /// Which of the volumes have a live path and a node that leads to their disk; by one reading of sysfs,
  /// since whoever reads it all the time takes a processor from those who heal.
  private func whole(_ volumes: [TargetVolume], _ node: LabNode) throws -> Int {
    let subsystems = try NVMeSysfs().subsystems()
    return try volumes.count { volume in
      guard let subsystem = subsystems.first(where: { $0.nqn == volume.nqn }),
        subsystem.controllers.contains(where: { $0.state == .live }),
        let head = subsystem.namespaces.first(where: \.hasPath)
      else { return false }
      return try BlockTests.deviceNumber(node.targetPath(volume, .block)) == head.device
    }
  }

  private static var pause: Duration { .milliseconds(500) }

  @Test("64 lost at once: all are healed, a few at a time, and 16 blackholed ones hold nobody up")
  func many() async throws {
    try LabNetwork.makeBlackHole()
    try LabNetwork.addMortalAddress()
    defer { try? LabNetwork.removeMortalAddress() }
    try await Scenario.run { lab in
      let node = lab.node
      let volumes = try (0..<64).map { number in
        try lab.volume(size: 4 << 20, portals: [.init(1 + number % 4)])
      }
      // More than enough to keep every worker, were they let: at portals of their own and together.
      let mortals = try (0..<16).map { number in
        let portal = TargetVolume.Portal(
          77 + number % 4, address: LabNetwork.mortalAddress, port: 4420 + number % 4)
        return try lab.volume(size: 4 << 20, portals: [portal])
      }
      let start = ContinuousClock.now
      try await all(volumes + mortals) { volume in
        try await node.stage(volume, .block)
        try await node.publish(volume, .block)
      }
      print("80 volumes: staged and published in \(ContinuousClock.now - start)")
      try LabNetwork.removeMortalAddress()
      // A controller that the kernel still holds for live is not deleted before its last command to the
      // target has timed out, which takes a minute.
      try await eventually(within: .seconds(60), "the kernel to notice the silence") {
        try mortals.flatMap { try $0.controllers() }.allSatisfy { $0.state == .connecting }
      }
      let prepared = ContinuousClock.now
      try deleteAll(NVMeSysfs().subsystems().flatMap(\.controllers))
      let lost = ContinuousClock.now
      var most = 0
      try await eventually(within: .seconds(120), every: Self.pause, "64 volumes to be healed") {
        most = max(most, try nvmeProcesses())
        return try whole(volumes, node) == volumes.count
      }
      print(
        "64 volumes: lost in \(lost - prepared), healed in \(ContinuousClock.now - lost) after the "
          + "last; at most \(most) nvme at a time")
      // Two at each of four portals.
      #expect((1...8).contains(most))
      #expect(try whole(mortals, node) == 0, "they are still away")
      try LabNetwork.addMortalAddress()
      let back = ContinuousClock.now
      try await eventually(within: .seconds(120), every: Self.pause, "the blackholed ones") {
        try whole(mortals, node) == mortals.count
      }
      print(
        "16 blackholed volumes: healed \(ContinuousClock.now - back) after their address came back")
      try await all(volumes + mortals) { volume in try await node.takeDown(volume, .block) }
    }
  }
}

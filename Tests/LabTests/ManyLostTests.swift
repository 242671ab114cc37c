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

  private func isWhole(_ volume: TargetVolume, _ node: LabNode) throws -> Bool {
    guard let head = try BlockTests.head(of: volume), head.hasPath else { return false }
    return try volume.controllers().contains { $0.state == .live }
      && BlockTests.deviceNumber(node.targetPath(volume, .block)) == head.device
  }

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
      try await all(volumes + mortals) { volume in
        try await node.stage(volume, .block)
        try await node.publish(volume, .block)
      }
      let prepared = ContinuousClock.now
      try LabNetwork.removeMortalAddress()
      for controller in try NVMeSysfs().subsystems().flatMap(\.controllers) {
        try Files.writeAttribute(
          "1", to: "/sys/class/nvme/\(controller.name)/delete_controller")
      }
      let lost = ContinuousClock.now
      var most = 0
      try await eventually(within: .seconds(120), "64 volumes to be healed") {
        most = max(most, try nvmeProcesses())
        return try volumes.allSatisfy { try isWhole($0, node) }
      }
      print(
        "64 volumes: lost in \(lost - prepared), healed in \(ContinuousClock.now - lost) after the "
          + "last; at most \(most) nvme at a time")
      // Two at each of four portals.
      #expect((1...8).contains(most))
      for mortal in mortals { #expect(try !isWhole(mortal, node), "it is still away") }
      try LabNetwork.addMortalAddress()
      let back = ContinuousClock.now
      try await eventually(within: .seconds(120), "the blackholed ones") {
        try mortals.allSatisfy { try isWhole($0, node) }
      }
      print(
        "16 blackholed volumes: healed \(ContinuousClock.now - back) after their address came back")
      try await all(volumes + mortals) { volume in try await node.takeDown(volume, .block) }
    }
  }
}

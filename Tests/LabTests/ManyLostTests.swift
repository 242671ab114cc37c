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

  @Test("64 lost at once: all are healed, a few at a time, and a blackholed one holds nobody up")
  func many() async throws {
    try LabNetwork.makeBlackHole()
    try LabNetwork.addMortalAddress()
    defer { try? LabNetwork.removeMortalAddress() }
    try await Scenario.run { lab in
      let node = lab.node
      let volumes = try (0..<64).map { number in
        try lab.volume(size: 4 << 20, portals: [.init(1 + number % 4)])
      }
      let mortal = try lab.volume(
        size: 4 << 20, portals: [.init(77, address: LabNetwork.mortalAddress)])
      try await all(volumes + [mortal]) { volume in
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
      try await eventually(within: .seconds(240), "64 volumes to be healed") {
        most = max(most, try nvmeProcesses())
        return try volumes.allSatisfy { try isWhole($0, node) }
      }
      print(
        "64 volumes: lost in \(lost - prepared), healed in \(ContinuousClock.now - lost) after the "
          + "last; at most \(most) nvme at a time")
      #expect((1...8).contains(most))
      #expect(try !isWhole(mortal, node), "it is still away")
      try LabNetwork.addMortalAddress()
      try await eventually(within: .seconds(120), "the blackholed one") {
        try isWhole(mortal, node)
      }
      try await all(volumes + [mortal]) { volume in try await node.takeDown(volume, .block) }
    }
  }
}

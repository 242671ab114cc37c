import Foundation
import Lab
import Linux
import NVMe

/// Many raw block volumes at one portal that the kernel gave up, and that come back at once.
struct ManyLost {
  let node: LabNode
  let target: NVMeTarget
  let count: Int

  func measure() async throws {
    let volumes = try (1...count).map { number in
      try TargetVolume(
        target, name: "many-\(number)", number: 1_000 + number, size: 16 << 20,
        host: node.host.nqn.rawValue, portals: [.init(20)])
    }
    try await inBatches(volumes) { volume in
      try await node.stage(
        volume, .block, context: ["ctrlLossTmo": "5"], timeout: .seconds(300))
      try await node.publish(volume, .block, timeout: .seconds(300))
    }
    let scan = try time { _ = try NVMeSysfs().subsystems() }
    for volume in volumes { try volume.portDown() }
    try await eventually(within: .seconds(120), "the kernel to give up") {
      try NVMeSysfs().subsystems().flatMap(\.controllers).isEmpty
    }
    let start = ContinuousClock.now
    for volume in volumes { try volume.portUp() }
    var waiting = volumes
    var times = Samples()
    try await eventually(within: .seconds(300), "all of \(count) volumes") {
      let subsystems = try NVMeSysfs().subsystems()
      let now = ContinuousClock.now
      let disks = Dictionary(
        subsystems.compactMap { subsystem in
          subsystem.controllers.contains { $0.state == .live }
            ? subsystem.namespaces.first.map { (subsystem.nqn, $0.device) } : nil
        }, uniquingKeysWith: { $1 })
      for volume in waiting {
        guard let device = disks[volume.nqn],
          try Files.status(node.targetPath(volume, .block))?.representedDevice == device
        else { continue }
        times.add(now - start)
        waiting.removeAll { $0.name == volume.name }
      }
      return waiting.isEmpty
    }
    Samples.printHeading(
      "\(count) raw block volumes given up at once and back at once: when each works again",
      ratio: nil)
    times.print("driver", against: nil)
    print(
      String(
        format: "  the kernel's own sysfs with %d subsystems read in %.0f ms, in the guest", count,
        scan))
    fflush(nil)
    try await inBatches(volumes) { volume in
      try await node.unpublish(volume, .block, timeout: .seconds(300))
      try await node.unstage(volume, .block, timeout: .seconds(300))
    }
    for volume in volumes { try volume.delete() }
  }

  /// Eight at a time.
  private func inBatches(
    _ volumes: [TargetVolume], _ body: @escaping @Sendable (TargetVolume) async throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (number, volume) in volumes.enumerated() {
        if number >= 8 { try await group.next() }
        group.addTask { try await body(volume) }
      }
      try await group.waitForAll()
    }
  }

  /// Milliseconds.
  private func time(_ body: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try body()
    let took = ContinuousClock.now - start
    return Double(took.components.seconds) * 1e3 + Double(took.components.attoseconds) / 1e15
  }
}

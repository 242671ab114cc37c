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
    try await inBatches(volumes, of: 8) { volume in
      try await node.stage(
        volume, .block, context: ["ctrlLossTmo": "5"], timeout: .seconds(300))
      try await node.publish(volume, .block, timeout: .seconds(300))
    }
    let scan = try time { _ = try NVMeSysfs().subsystems() }
    try await lose(volumes)
    let before = try ProcessorTime(of: node.driver.processID)
    let driver = try await comeBack(volumes, at: { node.targetPath($0, .block) })
    let used = try ProcessorTime(of: node.driver.processID) - before
    try await inBatches(volumes, of: 8) { volume in
      try await node.unpublish(volume, .block, timeout: .seconds(300))
      try await node.unstage(volume, .block, timeout: .seconds(300))
    }
    let floor = try await byHand(volumes)
    for volume in volumes { try volume.delete() }
    Samples.printHeading(
      "\(count) raw block volumes given up at once and back at once: when each works again",
      ratio: "ratio to nvme connect")
    floor.print("nvme connect, 2 at once", against: nil)
    driver.print("driver", against: floor)
    print(
      String(
        format: "  processor time meanwhile: %.1f s in the driver, %.1f s in its programs",
        used.process, used.programs))
    print(
      String(
        format: "  the kernel's own sysfs with %d subsystems read in %.0f ms, in the guest", count,
        scan))
    fflush(nil)
  }

  /// What connecting all of them costs the machine when nobody has to find out that they are back, or to
  /// be careful.
  private func byHand(_ volumes: [TargetVolume]) async throws -> Samples {
    let hand = ByHand(host: node.host, use: .block, ctrlLossTimeout: 5)
    for volume in volumes { _ = try hand.publish(volume) }
    try await lose(volumes)
    let times = try await comeBack(volumes, at: hand.target) {
      try await inBatches(volumes, of: 2) { try hand.repair($0) }
    }
    for volume in volumes { try hand.remove(volume) }
    return times
  }

  private func lose(_ volumes: [TargetVolume]) async throws {
    for volume in volumes { try volume.portDown() }
    try await eventually(within: .seconds(120), every: Self.pause, "the kernel to give up") {
      try NVMeSysfs().subsystems().flatMap(\.controllers).isEmpty
    }
  }

  /// Lets all volumes come back, and waits until the node at each one's target leads to its disk, while
  /// `repair` is at work.
  private func comeBack(
    _ volumes: [TargetVolume], at target: (TargetVolume) -> String,
    repair: @escaping @Sendable () async throws -> Void = {}
  ) async throws -> Samples {
    let start = ContinuousClock.now
    for volume in volumes { try volume.portUp() }
    async let repaired: Void = repair()
    var waiting = volumes
    var times = Samples()
    try await eventually(within: .seconds(300), every: Self.pause, "all of \(count) volumes") {
      let subsystems = try NVMeSysfs().subsystems()
      let now = ContinuousClock.now
      let disks = Dictionary(
        subsystems.compactMap { subsystem in
          subsystem.controllers.contains { $0.state == .live }
            ? subsystem.namespaces.first.map { (subsystem.nqn, $0.device) } : nil
        }, uniquingKeysWith: { $1 })
      for volume in waiting {
        guard let device = disks[volume.nqn],
          try Files.status(target(volume))?.representedDevice == device
        else { continue }
        times.add(now - start)
        waiting.removeAll { $0.name == volume.name }
      }
      return waiting.isEmpty
    }
    try await repaired
    return times
  }

  /// A look takes 50 ms in the guest: seldom enough that it is not itself what everybody waits for.
  private static var pause: Duration { .milliseconds(300) }

  /// So many at a time.
  private func inBatches(
    _ volumes: [TargetVolume], of limit: Int,
    _ body: @escaping @Sendable (TargetVolume) async throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (number, volume) in volumes.enumerated() {
        if number >= limit { try await group.next() }
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

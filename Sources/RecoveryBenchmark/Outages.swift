import Foundation
import Lab
import NVMe

/// Outages of volumes whose keepers differ, keeper after keeper. Every volume is alone at its portal; a
/// keeper's three go at once, and come back one after another, each when the one before is healthy, in
/// an order that turns.
struct Outages {
  let node: LabNode
  let target: NVMeTarget
  let runs: Int

  private static let uses: [LabNode.Use] = [.ext4, .xfs, .block]

  /// The kernel keeps its controllers and reconnects every two seconds: the driver must not be slower
  /// than the kernel alone.
  func survived(outage: Duration) async throws {
    let volumes = try await hold([.driver, .kernel], ctrlLossTimeout: -1)
    let times = try await measure(volumes) { _ in try await Task.sleep(for: outage) }
    Samples.printHeading(
      "the kernel recovers by itself (ctrl_loss_tmo -1, reconnect_delay 2 s, outage \(outage) or more)",
      ratio: "ratio to the kernel alone")
    for use in Self.uses {
      let floor = times[Key(keeper: .kernel, use: use)]
      times[Key(keeper: .kernel, use: use)]?.print("\(use.kind), kernel alone", against: nil)
      times[Key(keeper: .driver, use: use)]?.print("\(use.kind), driver", against: floor)
    }
    for volume in volumes { try await volume.remove(node) }
  }

  /// The kernel gives its controllers up: whoever keeps the volume has to connect again and put the new
  /// device in the old one's place.
  func givenUp() async throws {
    let keepers: [Keeper] = [.driver, .poller(3), .poller(10)]
    let volumes = try await hold(keepers, ctrlLossTimeout: 5)
    let times = try await measure(volumes) { volumes in
      try await eventually(within: .seconds(60), "the kernel to give up") {
        try volumes.allSatisfy { try $0.controllers.isEmpty }
      }
    }
    Samples.printHeading(
      "the kernel gives up (ctrl_loss_tmo 5, back under another device number)",
      ratio: "ratio to the driver")
    for use in Self.uses {
      let driver = times[Key(keeper: .driver, use: use)]
      for keeper in keepers {
        times[Key(keeper: keeper, use: use)]?.print(
          "\(use.kind), \(keeper.name)", against: keeper == .driver ? nil : driver)
      }
    }
    for volume in volumes { try await volume.remove(node) }
  }

  private struct Key: Hashable {
    var keeper: Keeper
    var use: LabNode.Use
  }

  private func hold(_ keepers: [Keeper], ctrlLossTimeout: Int) async throws -> [Held] {
    var volumes: [Held] = []
    for use in Self.uses {
      for keeper in keepers {
        volumes.append(
          try await Held(
            keeper, use, number: volumes.count + 1, ctrlLossTimeout: ctrlLossTimeout,
            target: target, node: node))
      }
    }
    return volumes
  }

  private func measure(
    _ all: [Held], outage: ([Held]) async throws -> Void
  ) async throws -> [Key: Samples] {
    var times: [Key: Samples] = [:]
    let keepers = all.reduce(into: [Keeper]()) { keepers, volume in
      if !keepers.contains(volume.keeper) { keepers.append(volume.keeper) }
    }
    for (run, keeper) in (0..<runs).flatMap({ run in keepers.map { (run, $0) } }) {
      let volumes = all.filter { $0.keeper == keeper }
      for volume in volumes { try volume.volume.portDown() }
      try await outage(volumes)
      // Longer than anybody's first attempts.
      try await Task.sleep(for: .seconds(2))
      let first = run % volumes.count
      for volume in volumes[first...] + volumes[..<first] {
        // A poller's times are all those between two of its looks: none may be met more often.
        if case .poller(let period) = keeper {
          try await Task.sleep(for: .seconds(Double.random(in: 0...Double(period))))
        }
        guard volume.reader.isDown(for: .seconds(1)) else {
          throw LabError("\(volume.volume.name) could be read without its target")
        }
        volume.reader.arm()
        let start = ContinuousClock.now
        try volume.volume.portUp()
        let back = try await volume.reader.success(within: .seconds(90))
        times[Key(keeper: volume.keeper, use: volume.use), default: Samples()].add(back - start)
      }
      // Everybody's loops come to rest.
      try await Task.sleep(for: .seconds(2))
    }
    return times
  }
}

extension LabNode.Use {
  /// The file system's name, or `block`.
  var kind: String {
    switch self {
    case .block: "block"
    case .fileSystem(let type, _): type
    }
  }
}

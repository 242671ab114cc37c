import CSI
import Foundation
import GRPC
import Lab
import NVMe

/// Driver and hand in turn on volumes of one kind.
struct Comparison {
  let node: LabNode
  let target: NVMeTarget
  let size: UInt64
  let runs: Int

  private var hand: ByHand { ByHand(host: node.host) }

  /// One volume with a file system, used by both sides.
  func formatted() async throws -> Measurements {
    let volume = try volume("formatted", 1)
    try await node.stage(volume, .ext4)
    try await node.unstage(volume, .ext4)
    let measurements = try await inTurn { _, _ in volume }
    try volume.delete()
    return measurements
  }

  /// A new volume each time.
  func empty() async throws -> Measurements {
    try await inTurn(
      { run, side in
        try volume("empty-\(side)-\(run)", 100 + run * 2 + (side == .driver ? 0 : 1))
      }, after: { volume in try volume.delete() })
  }

  /// What a call costs that does nothing: a connection of its own, as a kubelet makes, and Probe.
  func emptyCall() async throws -> Samples {
    var samples = Samples()
    for _ in 0..<max(runs, 7) {
      let start = ContinuousClock.now
      _ = try await node.withClient { client in
        try await IdentityClient(client).probe(deadline: .now + .seconds(30))
      }
      samples.add((ContinuousClock.now - start).milliseconds)
    }
    return samples
  }

  /// Alternates which side goes first. Run 0 warms up and does not count.
  private func inTurn(
    _ volume: (_ run: Int, _ side: Side) throws -> TargetVolume,
    after: (TargetVolume) throws -> Void = { _ in }
  ) async throws -> Measurements {
    var measurements = Measurements()
    for run in 0...runs {
      for side in run % 2 == 0 ? [Side.driver, .hand] : [.hand, .driver] {
        let volume = try volume(run, side)
        let measured =
          switch side {
          case .driver: try await throughDriver(volume)
          case .hand: try byHand(volume)
          }
        if run > 0 { measurements.add(measured, side) }
        try after(volume)
      }
    }
    return measurements
  }

  private func throughDriver(_ volume: TargetVolume) async throws -> Measurements.Run {
    let start = ContinuousClock.now
    try await node.stage(volume, .ext4)
    let staged = ContinuousClock.now
    // What lies between the two is of neither.
    let stageSteps = try steps("stage", volume)
    let begin = ContinuousClock.now
    try await node.unstage(volume, .ext4)
    return Measurements.Run(
      stage: (staged - start).milliseconds,
      unstage: (ContinuousClock.now - begin).milliseconds,
      stageSteps: stageSteps, unstageSteps: try steps("unstage", volume))
  }

  private func byHand(_ volume: TargetVolume) throws -> Measurements.Run {
    let start = ContinuousClock.now
    let stageSteps = try hand.stage(volume)
    let staged = ContinuousClock.now
    let unstageSteps = try hand.unstage(volume)
    return Measurements.Run(
      stage: (staged - start).milliseconds,
      unstage: (ContinuousClock.now - staged).milliseconds,
      stageSteps: stageSteps, unstageSteps: unstageSteps)
  }

  private func steps(_ operation: String, _ volume: TargetVolume) throws -> Timeline {
    let log = try String(contentsOfFile: node.driver.logFile, encoding: .utf8)
    return try Timeline.logged(operation, volume.name, in: log)
  }

  private func volume(_ name: String, _ number: Int) throws -> TargetVolume {
    try TargetVolume(
      target, name: name, number: number, size: size, host: node.host.nqn.rawValue)
  }
}

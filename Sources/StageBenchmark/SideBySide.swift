import Foundation
import Lab
import NVMe

/// Many formatted volumes staged and unstaged at once, against one after another.
struct SideBySide {
  let node: LabNode
  let target: NVMeTarget
  let count: Int

  struct Result {
    var count: Int
    var stage: (inTurn: Double, atOnce: Double)
    var unstage: (inTurn: Double, atOnce: Double)

    func print() {
      Swift.print("\n\(count) formatted volumes (ext4, 128 MiB) through the driver, ms")
      Swift.print("              one after another  at once  speed-up")
      for (name, times) in [("stage", stage), ("unstage", unstage)] {
        Swift.print(
          "  " + name + String(repeating: " ", count: 12 - name.count)
            + String(
              format: "%17.0f %8.0f %9.2f", times.inTurn, times.atOnce,
              times.inTurn / times.atOnce))
      }
    }
  }

  func measure() async throws -> Result {
    let volumes = try (0..<count).map { number in
      try TargetVolume(
        target, name: "side-\(number)", number: 1_000 + number, size: 128 << 20,
        host: node.host.nqn.rawValue)
    }
    _ = try await inTurn(volumes, stage)
    _ = try await inTurn(volumes, unstage)

    let oneStage = try await inTurn(volumes, stage)
    let oneUnstage = try await inTurn(volumes, unstage)
    let allStage = try await atOnce(volumes, stage)
    let allUnstage = try await atOnce(volumes, unstage)
    for volume in volumes { try volume.delete() }
    return Result(
      count: count, stage: (oneStage, allStage), unstage: (oneUnstage, allUnstage))
  }

  @Sendable private func stage(_ volume: TargetVolume) async throws {
    try await node.stage(volume, .ext4, timeout: .seconds(300))
  }

  @Sendable private func unstage(_ volume: TargetVolume) async throws {
    try await node.unstage(volume, .ext4, timeout: .seconds(300))
  }

  private func inTurn(
    _ volumes: [TargetVolume], _ body: (TargetVolume) async throws -> Void
  ) async throws -> Double {
    let start = ContinuousClock.now
    for volume in volumes { try await body(volume) }
    return (ContinuousClock.now - start).milliseconds
  }

  private func atOnce(
    _ volumes: [TargetVolume], _ body: @escaping @Sendable (TargetVolume) async throws -> Void
  ) async throws -> Double {
    let start = ContinuousClock.now
    try await withThrowingTaskGroup { group in
      for volume in volumes { group.addTask { try await body(volume) } }
      try await group.waitForAll()
    }
    return (ContinuousClock.now - start).milliseconds
  }
}

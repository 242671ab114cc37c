import CSI
import Foundation
import GRPC
import Lab

/// A controller whose calls are timed.
struct ProvisionBench: Sendable {
  let controller: LabController
  /// Of a volume, in bytes.
  let size: Int64

  /// Volumes that are timed at each count.
  private static let sample = 10
  /// Calls under way at once for the volumes that are not timed.
  private static let crowd = 8

  /// Makes volumes up to `count`, the last ten timed; lists all; publishes and unpublishes the ten;
  /// restarts target and controller if asked to; deletes the ten among the others, and then the rest.
  func measure(_ count: Int, name: String, restarts: Bool) async throws -> ProvisionRow {
    let others = max(0, count - Self.sample)
    var row = ProvisionRow(count: count)
    var volumes: [Volume] = []
    try await withCalls { calls in
      volumes = try await crowd(others) { try await calls.create("\(name)-\($0)") }
      for number in others..<count {
        volumes.append(try await row.create.time { try await calls.create("\(name)-\(number)") })
      }
      for _ in 0..<3 {
        let listed = try await row.list.time { try await calls.list() }
        guard listed == count else { throw LabError("\(listed) of \(count) volumes are listed") }
      }
      row.memory = try memory(of: controller.process.processID)
      for volume in volumes[others...] {
        try await row.publish.time { try await calls.publish(volume) }
      }
      for volume in volumes[others...] {
        try await row.unpublish.time { try await calls.unpublish(volume) }
      }
    }
    if restarts { row.restart = try await restart(count) }
    try await withCalls { calls in
      for volume in volumes[others...] {
        try await row.delete.time { try await calls.delete(volume) }
      }
      let rest = Array(volumes[..<others])
      _ = try await crowd(others) { try await calls.delete(rest[$0]) }
    }
    return row
  }

  private func withCalls(_ body: (ProvisionCalls) async throws -> Void) async throws {
    try await controller.process.withClient { client in
      try await body(ProvisionCalls(client: ControllerClient(client), size: size))
    }
  }

  /// Calls `body` with 0, 1, … below `count`, several at once; the results in this order.
  private func crowd<Result: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (Int) async throws -> Result
  ) async throws -> [Result] {
    try await withThrowingTaskGroup(of: (Int, Result).self) { group in
      var results: [Int: Result] = [:]
      for number in 0..<count {
        if number >= Self.crowd, let (done, result) = try await group.next() {
          results[done] = result
        }
        group.addTask { (number, try await body(number)) }
      }
      for try await (done, result) in group { results[done] = result }
      return (0..<count).compactMap { results[$0] }
    }
  }

  /// The controller is killed, the target loses everything, as at a reboot, and the controller is
  /// started again.
  private func restart(_ count: Int) async throws -> ProvisionRow.Restart {
    try await controller.process.killNow()
    let ports = try controller.target.ports(at: controller.portals.map(\.description))
    try controller.target.loseEverything()
    let start = ContinuousClock.now
    func seconds() -> Double { (ContinuousClock.now - start) / .seconds(1) }
    try controller.process.start()
    // A port listens from its first export on, and all of them are linked in a row.
    var (listening, exported) = (0.0, 0.0)
    try await eventually(within: .seconds(600), "every volume to be exported again") {
      let exports = ports.map { (try? controller.target.exports(at: $0.id).count) ?? 0 }
      if listening == 0, exports.contains(where: { $0 > 0 }) { listening = seconds() }
      exported = seconds()
      return exports.allSatisfy { $0 == count }
    }
    try await controller.process.answers()
    try await withCalls { calls in
      while true {
        do throws(RPCError) {
          _ = try await calls.client.getCapacity(.init(), deadline: .now + .seconds(60))
          return
        } catch  where error.code == .unavailable {
          guard seconds() < 600 else { throw error }
        }
        try await Task.sleep(for: .milliseconds(20))
      }
    }
    return .init(listening: listening, exported: exported, ready: seconds())
  }

  /// Proportional memory in MiB.
  private func memory(of process: Int32) throws -> Double {
    let text = try String(contentsOfFile: "/proc/\(process)/smaps_rollup", encoding: .utf8)
    for line in text.split(separator: "\n") where line.hasPrefix("Pss:") {
      if let kilobytes = Double(line.split(separator: " ")[1]) { return kilobytes / 1024 }
    }
    throw LabError("no Pss of process \(process)")
  }
}

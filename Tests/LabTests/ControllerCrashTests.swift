import Foundation
import GRPC
import Lab
import Testing

/// The controller's process is killed in the middle of what it is asked; the next one and the
/// orchestrator's retry finish it.
@Suite("A controller that is killed", .lab, .serialized)
struct ControllerCrashTests {
  /// Of each operation's checkpoints; the third is after the pool or the target has done its part.
  private static let steps = isLong ? 0..<4 : 2..<3

  /// One after another: the life that finishes a request dies of the next one, at a checkpoint of
  /// another operation, so that each request costs one start.
  @Test(
    "between any two steps leaves exactly what was asked for", .timeLimit(.minutes(15)))
  func steps() async throws {
    try await Cluster.run(on: .memory) { cluster in
      let start = ContinuousClock.now
      let ordeal = try await Ordeal(cluster)
      let deaths = Self.steps.flatMap { step in
        Ordeal.Request.allCases.map { ($0, $0.checkpoints.dropFirst(step).first) }
      }
      try await cluster.controller.process.killNow()
      try await self.start(cluster, deaths.first?.1)
      for (index, (request, checkpoint)) in deaths.enumerated() {
        if request == .create { ordeal.nextRound() }
        if let checkpoint {
          let error = await #expect(throws: RPCError.self, "\(checkpoint)") {
            try await ordeal.ask(request)
          }
          #expect(error?.code == .unavailable, "\(checkpoint): \(error?.message ?? "")")
          try await cluster.controller.process.waitForEnd(within: .seconds(5))
          try await self.start(cluster, deaths.dropFirst(index + 1).first?.1)
        } else {
          // It dies of the next one.
          try await cluster.controller.process.killNow()
          try await self.start(cluster, deaths.dropFirst(index + 1).first?.1)
        }
        try await ordeal.askAgain(request)
        try ordeal.succeeded(request)
        try await ordeal.expectTruth("\(request) at \(checkpoint ?? "no checkpoint")")
      }
      try await ordeal.end()
      print("\(deaths.count) deaths at a step in \(ContinuousClock.now - start)")
    }
  }

  @Test(
    "at any moment leaves exactly what was asked for", .long, .timeLimit(.minutes(15)))
  func moments() async throws {
    try await Cluster.run(on: .memory) { cluster in
      let start = ContinuousClock.now
      let ordeal = try await Ordeal(cluster)
      let seed = ProcessInfo.processInfo.environment["LAB_SEED"].flatMap { UInt64($0) } ?? 1
      print("the moments are those of LAB_SEED=\(seed)")
      var moments = Moments(seed: seed)
      // How long each takes when nobody disturbs it.
      var took: [Ordeal.Request: Duration] = [:]
      for request in Ordeal.Request.allCases {
        let start = ContinuousClock.now
        try await ordeal.ask(request)
        took[request] = ContinuousClock.now - start
        try ordeal.succeeded(request)
      }
      try await ordeal.expectTruth("nothing")
      ordeal.nextRound()
      for request in Ordeal.Request.allCases {
        let moment = (took[request] ?? .zero) * moments.next()
        try await kill(cluster, after: moment, of: request, ordeal)
        try await self.start(cluster, nil)
        try await ordeal.askAgain(request)
        try ordeal.succeeded(request)
        try await ordeal.expectTruth("\(request), killed after \(moment)")
      }
      try await ordeal.end()
      print("deaths at any moment in \(ContinuousClock.now - start); undisturbed: \(took)")
    }
  }

  private func start(_ cluster: Cluster, _ checkpoint: String?) async throws {
    try await cluster.controller.start(
      environment: checkpoint.map { ["NVMEOF_CSI_CRASH_AT": $0] } ?? [:])
  }

  /// The request may have succeeded by then.
  private func kill(
    _ cluster: Cluster, after moment: Duration, of request: Ordeal.Request, _ ordeal: Ordeal
  ) async throws {
    let process = cluster.controller.process
    async let killed: Void = {
      try await Task.sleep(for: moment)
      try await process.killNow()
    }()
    do { try await ordeal.ask(request) } catch let error as RPCError {
      #expect(error.code == .unavailable, "\(request): \(error.message)")
    }
    try await killed
  }
}

/// Fractions of a whole, from a seed: linear congruential, with the constants of Knuth's MMIX.
private struct Moments {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> Double {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Double(state >> 11) / Double(1 << 53)
  }
}

import Foundation
import Lab
import Synchronization

/// Looks at a volume every few seconds and repairs it by hand.
final class Poller: Sendable {
  private let byHand: ByHand
  private let volume: TargetVolume
  private let period: Int
  private let state = Mutex((stopping: false, running: false))

  init(_ byHand: ByHand, _ volume: TargetVolume, period: Int) {
    self.byHand = byHand
    self.volume = volume
    self.period = period
  }

  func start() {
    state.withLock { $0.running = true }
    let thread = Thread { self.run() }
    thread.name = "bench-poller"
    thread.start()
  }

  func stop() async throws {
    state.withLock { $0.stopping = true }
    try await eventually(within: .seconds(60), "the poller to end") {
      state.withLock { !$0.running }
    }
  }

  private func run() {
    var next = ContinuousClock.now
    while !state.withLock({ $0.stopping }) {
      if ContinuousClock.now >= next {
        next = .now + .seconds(period)
        // What fails now is tried again at the next look.
        try? byHand.repair(volume)
      }
      usleep(20_000)
    }
    state.withLock { $0.running = false }
  }
}

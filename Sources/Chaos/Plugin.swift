import Lab
import Synchronization

/// The plugin's lives in this run: started and killed by the schedule, looked at by the watcher.
final class Plugin: Sendable {
  let node: LabNode
  private let state = Mutex(State())

  private struct State {
    var isUp = false
    var life = 0
    var since = ContinuousClock.now
  }

  init(_ node: LabNode) { self.node = node }

  /// Waits until it answers.
  func startAndWait() async throws {
    try await node.start()
    note()
  }

  /// Without waiting, so that calls meet a plugin that is on its way up.
  func start() throws {
    try node.driver.start()
    note()
  }

  func kill() async throws {
    state.withLock { $0.isUp = false }
    try await node.driver.killNow()
  }

  /// SIGTERM at the end; returns how long it took.
  func stop() async throws -> Duration {
    state.withLock { $0.isUp = false }
    return try await node.driver.stop()
  }

  private func note() {
    state.withLock { state in
      state.isUp = true
      state.life += 1
      state.since = .now
    }
  }

  /// The life under way and its age; nil while it is meant to be dead.
  var life: (number: Int, age: Duration)? {
    state.withLock { $0.isUp ? ($0.life, .now - $0.since) : nil }
  }

  /// Whether it ended though nobody ended it.
  var hasDied: Bool {
    guard let life = life?.number, !node.driver.isRunning else { return false }
    // Unless it was killed between the two.
    return self.life?.number == life
  }
}

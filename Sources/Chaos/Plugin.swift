import Glibc
import Lab
import Synchronization

/// The plugin's lives in this run: started and killed by the schedule, looked at by the watcher.
final class Plugin: Sendable {
  let node: LabNode
  private let state = Mutex(State())

  private struct State {
    var process: pid_t?
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
    state.withLock { $0.process = nil }
    try await node.driver.killNow()
  }

  /// SIGTERM at the end; returns how long it took.
  func stop() async throws -> Duration {
    state.withLock { $0.process = nil }
    return try await node.driver.stop()
  }

  private func note() {
    let process = node.driver.processID
    state.withLock { state in
      state.process = process
      state.life += 1
      state.since = .now
    }
  }

  /// The life under way and its age; nil while it is meant to be dead.
  var life: (number: Int, age: Duration)? {
    state.withLock { $0.process == nil ? nil : ($0.life, .now - $0.since) }
  }

  /// Whether it ended though nobody ended it.
  var hasDied: Bool {
    guard let process = state.withLock({ $0.process }), Glibc.kill(process, 0) != 0 else {
      return false
    }
    // Unless it was killed between the two.
    return state.withLock { $0.process } == process
  }
}

import Metrics
import Synchronization

/// A registry whose text has nothing about itself as long as all goes well.
func makeRegistry(
  seriesLimit: Int = 1000, callbackDeadline: Duration = .seconds(10)
) -> MetricsRegistry {
  var configuration = MetricsRegistry.Configuration()
  configuration.ownPrefix = "own"
  configuration.seriesLimit = seriesLimit
  configuration.callbackDeadline = callbackDeadline
  return MetricsRegistry(configuration)
}

/// Holds callbacks up, whether or not they are cancelled.
final class Gate: Sendable {
  private let state = Mutex((isOpen: false, waiting: [CheckedContinuation<Void, Never>]()))
  private let entries = Atomic<Int>(0)

  var entered: Int { entries.load(ordering: .relaxed) }

  func pass() async {
    entries.add(1, ordering: .relaxed)
    await withCheckedContinuation { continuation in
      let isOpen = state.withLock { state in
        if !state.isOpen { state.waiting.append(continuation) }
        return state.isOpen
      }
      if isOpen { continuation.resume() }
    }
  }

  func open() {
    let waiting = state.withLock { state in
      state.isOpen = true
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }
}

/// Until the condition holds; false after ten seconds.
func eventually(_ condition: () async -> Bool) async -> Bool {
  let deadline = ContinuousClock.now.advanced(by: .seconds(10))
  while ContinuousClock.now < deadline {
    if await condition() { return true }
    try? await Task.sleep(for: .milliseconds(2))
  }
  return false
}

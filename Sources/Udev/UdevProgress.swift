internal import Linux
internal import Synchronization

/// How far a monitor's thread has come, and who waits for it to come further.
final class UdevProgress: Sendable {
  private enum Phase {
    case idle
    case starting
    case running
    /// With the error that it ended by, if any.
    case over(SystemCallError?)
  }

  private struct State {
    var phase = Phase.idle
    /// Wait until it is no longer starting.
    var starters: [CheckedContinuation<Void, Never>] = []
    /// Wait until it is over.
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())

  /// True for the first caller alone, who then has to launch the thread.
  func begin() -> Bool {
    state.withLock { state in
      guard case .idle = state.phase else { return false }
      state.phase = .starting
      return true
    }
  }

  /// The socket is bound.
  func hasStarted() {
    let starters = state.withLock { state in
      if case .starting = state.phase { state.phase = .running }
      defer { state.starters = [] }
      return state.starters
    }
    for starter in starters { starter.resume() }
  }

  /// The thread has nothing more to do, or never began.  The first word counts.
  func hasEnded(_ failure: SystemCallError?) {
    let waiting = state.withLock { state in
      if case .over = state.phase {} else { state.phase = .over(failure) }
      defer { (state.starters, state.waiters) = ([], []) }
      return state.starters + state.waiters
    }
    for waiter in waiting { waiter.resume() }
  }

  /// Ends what has not begun.  False when there is a thread, which has to end by itself.
  func endUnlessBegun() -> Bool {
    state.withLock { state in
      guard case .idle = state.phase else { return false }
      state.phase = .over(nil)
      return true
    }
  }

  /// What it ended by; nil also when it is not over.
  var failure: SystemCallError? {
    state.withLock { if case .over(let failure) = $0.phase { failure } else { nil } }
  }

  /// Returns once it runs or is over.
  func started() async {
    await withCheckedContinuation { continuation in
      let isDone = state.withLock { state in
        if case .starting = state.phase {
          state.starters.append(continuation)
          return false
        }
        return true
      }
      if isDone { continuation.resume() }
    }
  }

  /// Returns once it is over.
  func ended() async {
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        if case .over = state.phase { return true }
        state.waiters.append(continuation)
        return false
      }
      if isOver { continuation.resume() }
    }
  }
}

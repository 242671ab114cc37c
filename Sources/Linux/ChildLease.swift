internal import Synchronization

/// What a child that stays after it has answered stays for.
///
/// Its request's deadline bounds the answer; from then on this one's does.
final class ChildLease: Sendable {
  private struct State {
    var deadline: ContinuousClock.Instant
    var isOver = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }
  private let state: Mutex<State>

  init(until deadline: ContinuousClock.Instant) {
    state = Mutex(State(deadline: deadline))
  }

  var deadline: ContinuousClock.Instant { state.withLock { $0.deadline } }

  /// The child has ended, or it was killed and does not die: whatever it held is not to be relied on.
  var isOver: Bool { state.withLock { $0.isOver } }

  /// Only ever shortens.
  func shorten(to deadline: ContinuousClock.Instant) {
    state.withLock { $0.deadline = min($0.deadline, deadline) }
  }

  /// Returns once it is over.
  func ended() async {
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        if !state.isOver { state.waiting.append(continuation) }
        return state.isOver
      }
      if isOver { continuation.resume() }
    }
  }

  /// For the watcher's thread.
  func end() {
    let waiting = state.withLock { state in
      state.isOver = true
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }
}

internal import Synchronization

/// An async function that runs at most once at a time, and that nobody waits for beyond a deadline.
///
/// Who asks while it runs gets that run's value. A run that the last asker has given up on is
/// cancelled and left to itself; until it has returned, nobody waits and nothing is started. So a
/// function that hangs costs one task, however often it is asked.
package final class SharedCall<Value: Sendable>: Sendable {
  private let body: @Sendable () async -> Value
  private let state = Mutex(State())

  private struct State {
    var nextID: UInt64 = 0
    var run: Run = .idle
  }

  private enum Run {
    case idle
    case running(Task<Void, Never>, [UInt64: Waiter<Value>])
    case abandoned
  }

  /// The function must not block its thread.
  package init(_ body: @escaping @Sendable () async -> Value) { self.body = body }

  /// The function's value; nil when it is not there by then, or when the task is cancelled.
  package func value(before deadline: ContinuousClock.Instant) async -> Value? {
    let waiter = Waiter<Value>()
    guard let id = enter(waiter) else { return nil }
    let timer = Task {
      // Cancelled, it has nothing to say.
      if (try? await Task.sleep(until: deadline, clock: .continuous)) != nil {
        waiter.resolve(nil)
      }
    }
    defer { timer.cancel() }
    let value = await withTaskCancellationHandler {
      await waiter.value()
    } onCancel: {
      waiter.resolve(nil)
    }
    if value == nil { leave(id) }
    return value
  }

  private func enter(_ waiter: Waiter<Value>) -> UInt64? {
    state.withLock { state in
      let id = state.nextID
      switch state.run {
      case .abandoned: return nil
      case .idle:
        let task = Task { finish(await body()) }
        state.run = .running(task, [id: waiter])
      case .running(let task, var waiters):
        waiters[id] = waiter
        state.run = .running(task, waiters)
      }
      state.nextID += 1
      return id
    }
  }

  private func leave(_ id: UInt64) {
    let abandoned = state.withLock { state -> Task<Void, Never>? in
      // Not this run's waiter: its own run has ended in the meantime.
      guard case .running(let task, var waiters) = state.run,
        waiters.removeValue(forKey: id) != nil
      else { return nil }
      state.run = waiters.isEmpty ? .abandoned : .running(task, waiters)
      return waiters.isEmpty ? task : nil
    }
    abandoned?.cancel()
  }

  private func finish(_ value: Value) {
    let waiters = state.withLock { state -> [UInt64: Waiter<Value>] in
      defer { state.run = .idle }
      guard case .running(_, let waiters) = state.run else { return [:] }
      return waiters
    }
    for waiter in waiters.values { waiter.resolve(value) }
  }
}

/// A value that one task waits for; the first that resolves it decides.
private final class Waiter<Value: Sendable>: Sendable {
  private let state = Mutex(State.pending)

  private enum State {
    case pending
    case waiting(CheckedContinuation<Value?, Never>)
    case resolved(Value?)
  }

  func value() async -> Value? {
    await withCheckedContinuation { continuation in
      let resolved = state.withLock { state -> Value?? in
        if case .resolved(let value) = state { return .some(value) }
        state = .waiting(continuation)
        return nil
      }
      if let resolved { continuation.resume(returning: resolved) }
    }
  }

  func resolve(_ value: Value?) {
    let continuation = state.withLock { state -> CheckedContinuation<Value?, Never>? in
      switch state {
      case .resolved: return nil
      case .pending:
        state = .resolved(value)
        return nil
      case .waiting(let continuation):
        state = .resolved(value)
        return continuation
      }
    }
    continuation?.resume(returning: value)
  }
}

internal import Synchronization

/// What waits for one consumer.  Bounded: when it is full, all that waits becomes one `overflow`.
///
/// Nothing that matters is lost with it: who is told of an overflow reads everything anew, and does so
/// after all of these events came.
final class UdevBuffer: Sendable {
  private struct State {
    var elements: [UdevMonitor.Element] = []
    var waiter: CheckedContinuation<UdevMonitor.Element?, Never>?
    var isFinished = false
  }

  private let state = Mutex(State())
  private let capacity: Int

  init(capacity: Int) { self.capacity = max(1, capacity) }

  func append(_ element: UdevMonitor.Element) {
    let waiter = state.withLock { state -> CheckedContinuation<UdevMonitor.Element?, Never>? in
      guard !state.isFinished else { return nil }
      if let waiter = state.waiter.take() { return waiter }
      if element == .overflow || state.elements.count >= capacity {
        state.elements = [.overflow]
      } else {
        state.elements.append(element)
      }
      return nil
    }
    waiter?.resume(returning: element)
  }

  /// The next element; nil once the buffer is finished and empty, or when the task is cancelled.
  /// One task at a time.
  func next() async -> UdevMonitor.Element? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let answer: UdevMonitor.Element?? = state.withLock { state in
          precondition(state.waiter == nil, "two tasks wait for the events of one subscription")
          // Under the lock: a cancellation that comes later finds the waiter.
          if Task.isCancelled { return .some(nil) }
          if !state.elements.isEmpty { return state.elements.removeFirst() }
          if state.isFinished { return .some(nil) }
          state.waiter = continuation
          return nil
        }
        if let answer { continuation.resume(returning: answer) }
      }
    } onCancel: {
      state.withLock { $0.waiter.take() }?.resume(returning: nil)
    }
  }

  /// No more will come; what waits can still be taken.
  func finish() {
    let waiter = state.withLock { state in
      state.isFinished = true
      return state.waiter.take()
    }
    waiter?.resume(returning: nil)
  }
}

internal import Synchronization

/// A piece of work on one object, which goes on when the RPC that asked for it has stopped waiting.
final class Work: Sendable {
  typealias Outcome = Result<Void, DriverError>

  let order: WorkOrder
  let object: VolumeID
  /// Objects whose bytes it reads.
  let sources: [VolumeID]
  let since = ContinuousClock.now

  private struct State {
    var outcome: Outcome?
    var progress: CopyProgress?
    var waiters: [UInt64: CheckedContinuation<Outcome?, Never>] = [:]
    var nextWaiter: UInt64 = 0
  }
  private let state = Mutex(State())

  init(_ order: WorkOrder, on object: VolumeID, reading sources: [VolumeID]) {
    self.order = order
    self.object = object
    self.sources = sources
  }

  /// What the backend last said of a copy.
  var progress: CopyProgress? { state.withLock { $0.progress } }

  /// Keeps what a backend says of a copy.
  func advanced(_ done: Int64, _ total: Int64) {
    state.withLock { $0.progress = CopyProgress(done: done, total: total) }
  }

  /// `createVolume for 12 s, copying, 37 % of 10 GiB`
  var description: String {
    let age = ContinuousClock.now - since
    let copy = progress.map { ", copying, \($0)" } ?? ""
    return "\(order.name) for \(age.milliseconds / 1_000) s\(copy)"
  }

  /// It is over. False: nobody was waiting for that.
  func finish(_ outcome: Outcome) -> Bool {
    let waiting = state.withLock { state in
      state.outcome = outcome
      defer { state.waiters = [:] }
      return state.waiters.values
    }
    for waiter in waiting { waiter.resume(returning: outcome) }
    return !waiting.isEmpty
  }

  /// How it ended; nil when it has not by the deadline, or the caller is cancelled.
  func outcome(by deadline: ContinuousClock.Instant) async -> Outcome? {
    await withTaskGroup(of: Outcome?.self) { group in
      group.addTask { await self.ended() }
      group.addTask {
        try? await Task.sleep(until: deadline, clock: .continuous)
        return nil
      }
      let first = await group.next() ?? nil
      group.cancelAll()
      return first
    }
  }

  private func ended() async -> Outcome? {
    let id = state.withLock { state in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let outcome = state.withLock { state -> Outcome?? in
          if let outcome = state.outcome { return outcome }
          // Cancelled before it was registered: the handler found nothing to resume.
          if Task.isCancelled { return .some(nil) }
          state.waiters[id] = continuation
          return nil
        }
        if let outcome { continuation.resume(returning: outcome) }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: id) }?.resume(returning: nil)
    }
  }
}

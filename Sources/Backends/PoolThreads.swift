internal import Linux
internal import Synchronization

/// Runs a pool's blocking work: short things one after another on one thread, which makes each of them
/// a critical section, and long copies on others.
///
/// Whoever waits gets an answer at the deadline, also when the storage has stopped answering; the work
/// itself goes on and its result is dropped.
final class PoolThreads: Sendable {
  /// How much may wait for a storage that does not answer.
  private static let limit = 256

  private let short: SerialThread
  private let long: [SerialThread]
  private let backlog = Backlog()

  /// Apart from the threads: a job that held the last reference to them would wait for itself.
  private final class Backlog: Sendable {
    struct State {
      var waiting = 0
      var next = 0
    }
    let state = Mutex(State())
  }

  init(name: String, copies: Int = 2) throws(BackendError) {
    do {
      short = try SerialThread(name: name)
      var threads: [SerialThread] = []
      for _ in 0..<copies { threads.append(try SerialThread(name: "\(name)-copy")) }
      long = threads
    } catch {
      throw BackendError(.failed, "start the threads of \(name)", cause: error)
    }
  }

  /// Runs `body` after all short work that came before it.
  func perform<Success: Sendable>(
    _ action: String, deadline: ContinuousClock.Instant,
    _ body: @escaping @Sendable () throws(BackendError) -> Success
  ) async throws(BackendError) -> Success {
    try await run(on: short, action, deadline: deadline, body)
  }

  /// Runs what clears up after a failure, as short work and whatever the time; waits for it for a moment.
  func cleanUp(_ body: @escaping @Sendable () throws(BackendError) -> Void) async {
    try? await run(
      on: short, "clean up", deadline: .now + .seconds(5), evenLate: true, body)
  }

  /// Runs `body`, which looks at the deadline itself, beside the short work.
  func copy<Success: Sendable>(
    _ action: String, deadline: ContinuousClock.Instant,
    _ body: @escaping @Sendable () throws(BackendError) -> Success
  ) async throws(BackendError) -> Success {
    let thread = backlog.state.withLock { state in
      state.next += 1
      return long[state.next % long.count]
    }
    return try await run(on: thread, action, deadline: deadline, body)
  }

  private func run<Success: Sendable>(
    on thread: SerialThread, _ action: String, deadline: ContinuousClock.Instant,
    evenLate: Bool = false, _ body: @escaping @Sendable () throws(BackendError) -> Success
  ) async throws(BackendError) -> Success {
    let backlog = self.backlog
    let isFull = backlog.state.withLock { state in
      guard evenLate || state.waiting < Self.limit else { return true }
      state.waiting += 1
      return false
    }
    guard !isFull else {
      throw BackendError(
        .unavailable, "\(action): \(Self.limit) calls are waiting for the storage to answer")
    }
    let (results, continuation) = AsyncStream<Result<Success, BackendError>>.makeStream()
    thread.start {
      // Whoever wanted it has gone by now, and may be asking again.
      let result: Result<Success, BackendError> =
        evenLate || ContinuousClock.now < deadline
        ? Result(catching: body) : .failure(Self.late(action))
      backlog.state.withLock { $0.waiting -= 1 }
      continuation.yield(result)
      continuation.finish()
    }
    return try await first(of: results, until: deadline, action).get()
  }

  private func first<Success: Sendable>(
    of results: AsyncStream<Result<Success, BackendError>>, until deadline: ContinuousClock.Instant,
    _ action: String
  ) async -> Result<Success, BackendError> {
    // Cancelling the caller is like its deadline.
    await withTaskGroup(of: Result<Success, BackendError>?.self) { group in
      group.addTask {
        for await result in results { return result }
        return nil
      }
      group.addTask {
        try? await Task.sleep(until: deadline, clock: .continuous)
        return nil
      }
      let result = await group.next() ?? nil
      group.cancelAll()
      return result ?? .failure(Self.late(action))
    }
  }

  private static func late(_ action: String) -> BackendError {
    BackendError(
      .timedOut, "\(action): the storage did not answer in time; what was begun may still happen")
  }
}

internal import Linux
internal import Synchronization

/// Runs a pool's blocking work: short things one after another on one thread, which makes each of them
/// a critical section; what takes seconds or minutes beside it; and copies of bytes, which take hours, on
/// threads of their own, so that nothing but another copy waits for one.
///
/// Whoever waits gets an answer at the deadline, also when the storage has stopped answering; the work
/// itself goes on and its result is dropped.
final class PoolThreads: Sendable {
  /// How much may wait for a storage that does not answer.
  private static let limit = 256

  private let short: SerialThread
  private let brief: PoolLane
  private let copies: PoolLane
  private let backlog = Backlog()

  /// Apart from the threads: a job that held the last reference to them would wait for itself.
  private final class Backlog: Sendable {
    let waiting = Mutex(0)
  }

  init(name: String, copies: Int = 2) throws(BackendError) {
    do {
      short = try SerialThread(name: name)
      brief = try PoolLane(name: "\(name)-room", threads: 2)
      self.copies = try PoolLane(name: "\(name)-copy", threads: copies)
    } catch {
      throw BackendError(.failed, "start the threads of \(name)", cause: error)
    }
  }

  /// Runs `body` after all short work that came before it.
  func perform<Success: Sendable>(
    _ action: String, deadline: ContinuousClock.Instant,
    _ body: @escaping @Sendable () throws(BackendError) -> Success
  ) async throws(BackendError) -> Success {
    try await run(on: { [short] in short.start($0) }, action, deadline: deadline, body)
  }

  /// Runs what clears up after a failure, as short work and whatever the time; waits for it for a moment.
  func cleanUp(_ body: @escaping @Sendable () throws(BackendError) -> Void) async {
    try? await run(
      on: { [short] in short.start($0) }, "clean up", deadline: .now + .seconds(5), evenLate: true,
      body)
  }

  /// Runs `body`, which takes room or gives it back, beside the short work.
  func room<Success: Sendable>(
    _ action: String, deadline: ContinuousClock.Instant,
    _ body: @escaping @Sendable () throws(BackendError) -> Success
  ) async throws(BackendError) -> Success {
    try await run(on: { [brief] in brief.start($0) }, action, deadline: deadline, body)
  }

  /// Runs `body`, which moves bytes and looks at the deadline itself, when the copies before it let it.
  func copy<Success: Sendable>(
    _ action: String, deadline: ContinuousClock.Instant,
    _ body: @escaping @Sendable () throws(BackendError) -> Success
  ) async throws(BackendError) -> Success {
    try await run(on: { [copies] in copies.start($0) }, action, deadline: deadline, body)
  }

  private func run<Success: Sendable>(
    on thread: (@escaping PoolLane.Job) -> Void, _ action: String,
    deadline: ContinuousClock.Instant,
    evenLate: Bool = false, _ body: @escaping @Sendable () throws(BackendError) -> Success
  ) async throws(BackendError) -> Success {
    let backlog = self.backlog
    let isFull = backlog.waiting.withLock { waiting in
      guard evenLate || waiting < Self.limit else { return true }
      waiting += 1
      return false
    }
    guard !isFull else {
      throw BackendError(
        .unavailable, "\(action): \(Self.limit) calls are waiting for the storage to answer")
    }
    let (results, continuation) = AsyncStream<Result<Success, BackendError>>.makeStream()
    thread {
      // Whoever wanted it has gone by now, and may be asking again.
      let result: Result<Success, BackendError> =
        evenLate || ContinuousClock.now < deadline
        ? Result(catching: body) : .failure(Self.late(action))
      backlog.waiting.withLock { $0 -= 1 }
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

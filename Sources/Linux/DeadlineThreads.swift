internal import CLinux
internal import Glibc
internal import Synchronization
internal import SystemPackage

/// Runs blocking work of several steps, each piece on a thread of its own and under a deadline.
///
/// A thread that sits in the kernel cannot be ended. It is left behind then: whoever waits gets the
/// answer at the deadline, the thread is accounted in `stuck` and counts against the limit, and nothing
/// else is done for its subject until it is back. Then its work ends at its next step, since it asks
/// before each whether it was given up.
package final class DeadlineThreads: Sendable {
  /// Shows in ps(1).
  package let name: String
  private let queue: DeadlineQueue
  private let overseer: Mutex<NamedThread?>

  /// At most `limit` pieces run or are stuck at a time; more wait for their turn until their deadline.
  package init(name: String, limit: Int) throws(SystemCallError) {
    self.name = name
    let queue = try DeadlineQueue(name: name, limit: limit)
    self.queue = queue
    overseer = Mutex(try NamedThread(name) { queue.oversee() })
  }

  deinit {
    queue.end()
    // Nobody waits in `perform`, or `self` would be alive.  What is stuck stays behind.
    overseer.withLock { $0.take() }?.join()
  }

  /// The pieces that were given up and are not back.
  package var stuck: [StuckThread] { queue.stuck }

  /// Runs `body` on a thread; pieces for one subject run one after another.  `isGivenUp` turns true when
  /// the deadline has passed.  Cancelling the task changes nothing.
  package func perform<Success: Sendable, Failure: Error>(
    _ what: String, subject: String, deadline: ContinuousClock.Instant,
    _ body:
      @escaping @Sendable (_ isGivenUp: @escaping @Sendable () -> Bool) throws(Failure) -> Success
  ) async throws(DeadlineThreadError) -> Result<Success, Failure> {
    let result: Result<Result<Success, Failure>, DeadlineThreadError> =
      await withCheckedContinuation { continuation in
        let waiter = DeadlineWaiter(continuation)
        queue.submit(
          DeadlineJob(
            what: what, subject: subject, deadline: deadline,
            run: { isGivenUp in
              waiter.resume(
                .success(Result { () throws(Failure) in try body(isGivenUp) }))
            },
            refuse: { waiter.resume(.failure($0)) }))
      }
    return try result.get()
  }
}

/// A thread that was given up and is not back: it sits in the kernel.
package struct StuckThread: Hashable, Sendable {
  /// What its work was about.
  package let subject: String
  /// What it was to do.
  package let what: String
  /// When it was given up.
  package let since: ContinuousClock.Instant
}

/// Why a piece of work gave no result.
package enum DeadlineThreadError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The deadline passed; what the thread was in the middle of may still happen.
  case deadlineExceeded(what: String)
  /// The deadline passed before there was a thread for it: nothing was done.
  case neverStarted(what: String)
  /// Earlier work for the same subject was given up and is not back.
  case subjectIsStuck(StuckThread)
  /// Too much waits already.
  case tooMany(Int)

  /// Names the work and what is the matter.
  package var description: String {
    switch self {
    case .deadlineExceeded(let what):
      "\(what): deadline exceeded; it sits in the kernel or has only just come back"
    case .neverStarted(let what):
      "\(what): deadline exceeded before its turn came; nothing was done"
    case .subjectIsStuck(let stuck):
      "\(stuck.what) of an earlier call still sits in the kernel, given up "
        + "\(stuck.since.duration(to: .now).components.seconds) s ago"
    case .tooMany(let count): "\(count) pieces of work wait already"
    }
  }
}

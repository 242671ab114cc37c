internal import Glibc
internal import Synchronization
internal import SystemPackage

/// Starts child processes, feeds and reads them, kills them at their deadlines and reaps them, all on
/// one thread of its own.
///
/// Those that run to their end are never killed: at the deadline whoever waits gets the answer, and the
/// child is accounted as one that does not die.
///
/// A child in an uninterruptible sleep does not die of SIGKILL.  It is left behind then: whoever waits
/// gets the answer 200 ms after the deadline, the child is accounted in `stuck`, counts against `limit`,
/// and is reaped whenever the kernel lets it go.  No task ever waits for it, so no task group has to.
///
/// One thread and not one for each child, because the kernel sends the parent-death signal when the
/// *thread* ends that forked.
package final class ChildWatcher: Sendable {
  private let shared: ChildQueue
  private let name: String
  private let farewell: Duration
  private let kill: @Sendable (Int32) -> Void
  private let thread = Mutex<NamedThread?>(nil)

  /// At most `limit` children run or are stuck; more requests wait for their turn, up to a bound.
  /// `farewell` is how long stopping waits for children that run to their end. `kill` is a seam for tests
  /// of children that do not die.
  package init(
    name: String, limit: Int, farewell: Duration = .zero,
    kill: @escaping @Sendable (Int32) -> Void = ChildWatcher.killGroup
  ) {
    self.name = name
    self.farewell = farewell
    self.kill = kill
    shared = ChildQueue(limit: limit)
  }

  deinit {
    shared.stop()
    // Nobody waits for an outcome, or `self` would be alive: the thread has nothing left to do.
    thread.withLock { $0.take() }?.join()
  }

  /// Starts the thread unless it was started before.
  package func start() throws(SystemCallError) {
    try thread.withLock { (thread) throws(SystemCallError) in
      guard thread == nil else { return }
      try shared.open()
      let (shared, farewell, kill) = (self.shared, self.farewell, self.kill)
      thread = try NamedThread(name) {
        var loop = ChildLoop(queue: shared, farewell: farewell, kill: kill)
        loop.run()
      }
      shared.admit()
    }
  }

  /// Runs a child.  Cancelling the task changes nothing: the child has until its deadline.
  package func run(_ request: ChildRequest) async -> ChildOutcome {
    await withCheckedContinuation { continuation in
      shared.submit(ChildSubmission(request: request, continuation: continuation))
    }
  }

  /// Has a child that stays for this lease be killed at `deadline`, if it has not ended before.
  func end(_ lease: ChildLease, by deadline: ContinuousClock.Instant) {
    lease.shorten(to: deadline)
    shared.wakeUp()
  }

  /// Kills all children and ends the thread, within about 200 ms, or `farewell` while children run to
  /// their end.  For good.
  package func stop() { shared.stop() }

  /// Returns once the thread's work is over.
  package func stopped() async {
    await withCheckedContinuation { shared.whenStopped($0) }
  }

  /// The children that were killed and have not died, and those that go on after their deadline.
  package var stuck: [StuckChild] { shared.stuck }

  /// SIGKILL to a child and whatever it started.
  @Sendable
  package static func killGroup(_ processID: Int32) {
    _ = Glibc.kill(-processID, SIGKILL)
  }
}

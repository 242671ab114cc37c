internal import CLinux
internal import Glibc
internal import Synchronization

/// Runs blocking work, such as fsync(2), one piece after another on a thread of its own, so that no
/// cooperative thread has to.
package final class SerialThread: Sendable {
  private let jobs: Jobs
  private let thread: Mutex<NamedThread?>

  private final class Jobs: Sendable {
    struct State {
      var waiting: [@Sendable () -> Void] = []
      var isOver = false
    }
    let state = Mutex(State())
    let wake: Descriptor

    init() throws(SystemCallError) {
      wake = Descriptor(owning: try systemCall("eventfd", "for a thread") { clinux_eventfd() })
    }

    func add(_ job: @escaping @Sendable () -> Void) {
      state.withLock { $0.waiting.append(job) }
      wakeUp()
    }

    func end() {
      state.withLock { $0.isOver = true }
      wakeUp()
    }

    func run() {
      while true {
        let (jobs, isOver) = state.withLock { state in
          defer { state.waiting = [] }
          return (state.waiting, state.isOver)
        }
        for job in jobs { job() }
        if jobs.isEmpty {
          if isOver { return }
          sleep()
        }
      }
    }

    private func wakeUp() {
      var one: UInt64 = 1
      _ = unsafe write(wake.number, &one, 8)
    }

    private func sleep() {
      var ready = [pollfd(fd: wake.number, events: Int16(POLLIN), revents: 0)]
      var wakes: UInt64 = 0
      _ = unsafe clinux_poll(&ready, 1, -1)
      _ = unsafe read(wake.number, &wakes, 8)
    }
  }

  /// Starts the thread.
  package init(name: String) throws(SystemCallError) {
    let jobs = try Jobs()
    self.jobs = jobs
    thread = Mutex(try NamedThread(name) { jobs.run() })
  }

  deinit {
    jobs.end()
    // Nobody waits in `perform`, or `self` would be alive: what is left was handed in by `start`.
    thread.withLock { $0.take() }?.join()
  }

  /// Runs `body` on the thread, after what was handed in before.  Cancellation changes nothing.
  package func perform<Success: Sendable, Failure: Error>(
    _ body: @escaping @Sendable () throws(Failure) -> Success
  ) async throws(Failure) -> Success {
    let result: Result<Success, Failure> = await withCheckedContinuation { continuation in
      jobs.add { continuation.resume(returning: Result(catching: body)) }
    }
    return try result.get()
  }

  /// Hands `body` in and does not wait. It must not hold the last reference to this object, whose end
  /// waits for the thread.
  package func start(_ body: @escaping @Sendable () -> Void) { jobs.add(body) }
}

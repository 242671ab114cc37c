internal import CLinux
internal import Glibc
internal import Synchronization

/// One piece of work for `DeadlineThreads`.
final class DeadlineJob: Sendable {
  let what: String
  let subject: String
  let deadline: ContinuousClock.Instant
  private let run: @Sendable (_ isGivenUp: @escaping @Sendable () -> Bool) -> Void
  private let refuse: @Sendable (DeadlineThreadError) -> Void
  private let givenUp = Atomic<Bool>(false)

  init(
    what: String, subject: String, deadline: ContinuousClock.Instant,
    run: @escaping @Sendable (_ isGivenUp: @escaping @Sendable () -> Bool) -> Void,
    refuse: @escaping @Sendable (DeadlineThreadError) -> Void
  ) {
    self.what = what
    self.subject = subject
    self.deadline = deadline
    self.run = run
    self.refuse = refuse
  }

  func runToEnd() {
    run { self.givenUp.load(ordering: .acquiring) || self.deadline <= .now }
  }

  func giveUp(_ error: DeadlineThreadError) {
    givenUp.store(true, ordering: .releasing)
    refuse(error)
  }
}

/// Whoever waits for a piece of work: answered once, by its thread or by the deadline.
final class DeadlineWaiter<Value: Sendable>: Sendable {
  private let continuation: Mutex<CheckedContinuation<Value, Never>?>

  init(_ continuation: CheckedContinuation<Value, Never>) {
    self.continuation = Mutex(continuation)
  }

  func resume(_ value: Value) {
    let waiting = continuation.withLock { $0.take() }
    waiting?.resume(returning: value)
  }
}

/// What the tasks, the overseer and its threads share.
final class DeadlineQueue: Sendable {
  private let name: String
  private let limit: Int
  private let wake: Descriptor
  private let state = Mutex(State())

  /// Bounds the queue: what waits behind so much gets its turn too late.
  private static let waitingLimit = 4096

  private final class Running: Sendable {
    let job: DeadlineJob
    let thread = Mutex<NamedThread?>(nil)
    init(_ job: DeadlineJob) { self.job = job }
  }

  private struct State {
    var waiting: [DeadlineJob] = []
    var running: [Running] = []
    /// By identity of the job.
    var stuck: [ObjectIdentifier: StuckThread] = [:]
    /// Their work is over; the thread is about to end.
    var finished: [Running] = []
    var isOver = false
  }

  init(name: String, limit: Int) throws(SystemCallError) {
    self.name = name
    self.limit = limit
    wake = Descriptor(owning: try systemCall("eventfd", "for threads") { clinux_eventfd() })
  }

  var stuck: [StuckThread] { state.withLock { $0.stuck.values.sorted { $0.since < $1.since } } }

  func submit(_ job: DeadlineJob) {
    let refusal: DeadlineThreadError? = state.withLock { state in
      if let stuck = state.stuck.values.first(where: { $0.subject == job.subject }) {
        return .subjectIsStuck(stuck)
      }
      guard state.waiting.count < Self.waitingLimit else { return .tooMany(state.waiting.count) }
      state.waiting.append(job)
      return nil
    }
    if let refusal { job.giveUp(refusal) } else { wakeUp() }
  }

  func end() {
    state.withLock { $0.isOver = true }
    wakeUp()
  }

  // MARK: The overseer's thread

  func oversee() {
    while true {
      let now = ContinuousClock.now
      expire(now)
      join()
      start()
      let (isOver, next) = state.withLock { state in
        let deadlines =
          state.waiting.map(\.deadline)
          + state.running.filter { state.stuck[ObjectIdentifier($0.job)] == nil }
          .map(\.job.deadline)
        // What is not stuck is at its end: nobody waits for it any more.
        let isOver =
          state.isOver && state.finished.isEmpty
          && state.running.allSatisfy { state.stuck[ObjectIdentifier($0.job)] != nil }
        return (isOver, deadlines.min())
      }
      if isOver { return }
      sleep(until: next)
    }
  }

  private func expire(_ now: ContinuousClock.Instant) {
    let (late, stuck) = state.withLock { state in
      let late = state.waiting.filter { $0.deadline <= now }
      state.waiting.removeAll { $0.deadline <= now }
      var stuck: [DeadlineJob] = []
      for running in state.running where running.job.deadline <= now {
        let job = running.job
        let key = ObjectIdentifier(job)
        guard state.stuck[key] == nil else { continue }
        state.stuck[key] = StuckThread(subject: job.subject, what: job.what, since: now)
        stuck.append(job)
      }
      return (late, stuck)
    }
    for job in late { job.giveUp(.neverStarted(what: job.what)) }
    for job in stuck { job.giveUp(.deadlineExceeded(what: job.what)) }
  }

  private func join() {
    let finished = state.withLock { state in
      defer { state.finished = [] }
      return state.finished
    }
    for running in finished { running.thread.withLock { $0.take() }?.join() }
  }

  private func start() {
    while let running = takeNext() {
      do {
        try running.thread.withLock { (thread) throws(SystemCallError) in
          thread = try NamedThread(name) { [self] in
            running.job.runToEnd()
            finish(running)
          }
        }
      } catch {
        // No thread to be had: perhaps there is one when another has ended.
        state.withLock { state in
          state.running.removeAll { $0 === running }
          state.waiting.insert(running.job, at: 0)
        }
        return
      }
    }
  }

  private func takeNext() -> Running? {
    state.withLock { state in
      guard state.running.count < limit, !state.isOver else { return nil }
      let busy = Set(state.running.map(\.job.subject))
      guard let index = state.waiting.firstIndex(where: { !busy.contains($0.subject) }) else {
        return nil
      }
      let running = Running(state.waiting.remove(at: index))
      state.running.append(running)
      return running
    }
  }

  private func finish(_ running: Running) {
    state.withLock { state in
      state.running.removeAll { $0 === running }
      state.stuck[ObjectIdentifier(running.job)] = nil
      state.finished.append(running)
    }
    wakeUp()
  }

  private func wakeUp() {
    var one: UInt64 = 1
    _ = unsafe write(wake.number, &one, 8)
  }

  private func sleep(until deadline: ContinuousClock.Instant?) {
    var ready = [pollfd(fd: wake.number, events: Int16(POLLIN), revents: 0)]
    var wakes: UInt64 = 0
    var timeout: Int64 = -1
    if let deadline {
      let wait = max(.zero, ContinuousClock.now.duration(to: deadline))
      // One more: to wake just before the deadline would be to spin.
      timeout = Int64(clamping: wait.attoseconds / 1_000_000_000) + 1
    }
    _ = unsafe clinux_poll(&ready, 1, timeout)
    _ = unsafe read(wake.number, &wakes, 8)
  }
}

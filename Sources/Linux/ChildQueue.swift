internal import CLinux
internal import Glibc
internal import Synchronization

/// A request and who waits for its outcome.
struct ChildSubmission: Sendable {
  let request: ChildRequest
  let continuation: CheckedContinuation<ChildOutcome, Never>
}

/// What the tasks and the watcher's thread share.  Each submission is in exactly one place, here or with
/// the thread, and whoever takes it out resumes it.
final class ChildQueue: Sendable {
  let limit: Int
  private let state = Mutex(State())

  private struct State {
    enum Phase { case idle, running, stopping, stopped }
    var phase = Phase.idle
    var waiting: [ChildSubmission] = []
    var running = 0
    var stuck: [StuckChild] = []
    var stopWaiters: [CheckedContinuation<Void, Never>] = []
    /// An eventfd(2) that wakes the thread out of poll(2).
    var wake: Descriptor?
  }

  /// What the thread has to do next.
  struct Intake {
    var starting: [ChildSubmission] = []
    /// Their deadline passed while they waited, or the watcher stops.
    var refused: [ChildSubmission] = []
    var nextDeadline: ContinuousClock.Instant?
    var stopping = false
  }

  /// Bounds the queue; what waits costs little but is of no use when there is so much of it.
  private static let waitingLimit = 4096

  init(limit: Int) { self.limit = limit }

  var stuck: [StuckChild] { state.withLock { $0.stuck } }

  /// Makes the descriptor that wakes the thread.
  func open() throws(SystemCallError) {
    let descriptor = try systemCall("eventfd", "for children") {
      clinux_eventfd()
    }
    let wake = Descriptor(owning: descriptor)
    state.withLock { $0.wake = wake }
  }

  /// Lets requests in: there is a thread to take them.
  func admit() {
    state.withLock { if $0.phase == .idle { $0.phase = .running } }
  }

  func submit(_ submission: ChildSubmission) {
    let refusal: ChildOutcome? = state.withLock { state in
      guard state.phase == .running else { return .notRunning }
      guard state.stuck.count < limit, state.waiting.count < Self.waitingLimit else {
        return .tooMany(running: state.running)
      }
      state.waiting.append(submission)
      return nil
    }
    if let refusal { submission.continuation.resume(returning: refusal) } else { wakeUp() }
  }

  func stop() {
    state.withLock { state in
      state.phase =
        switch state.phase {
        case .idle, .stopped: .stopped
        case .running, .stopping: .stopping
        }
    }
    wakeUp()
  }

  func whenStopped(_ continuation: CheckedContinuation<Void, Never>) {
    let isStopped = state.withLock { state in
      if state.phase == .stopped { return true }
      state.stopWaiters.append(continuation)
      return false
    }
    if isStopped { continuation.resume() }
  }

  // MARK: For the thread

  var wakeDescriptor: Descriptor? { state.withLock { $0.wake } }

  /// Takes out what has room to start and what cannot wait any longer.
  func take(running: Int, now: ContinuousClock.Instant) -> Intake {
    state.withLock { state in
      var intake = Intake(stopping: [.stopping, .stopped].contains(state.phase))
      state.running = running
      if intake.stopping {
        swap(&intake.refused, &state.waiting)
        return intake
      }
      guard !state.waiting.isEmpty else { return intake }
      intake.refused = state.waiting.filter { $0.request.deadline <= now }
      state.waiting.removeAll { $0.request.deadline <= now }
      intake.starting = Array(state.waiting.prefix(max(0, limit - running)))
      state.waiting.removeFirst(intake.starting.count)
      intake.nextDeadline = state.waiting.lazy.map(\.request.deadline).min()
      return intake
    }
  }

  func isStuck(_ child: StuckChild) { state.withLock { $0.stuck.append(child) } }

  func hasDied(_ processID: Int32) {
    state.withLock { $0.stuck.removeAll { $0.processID == processID } }
  }

  /// The thread's last word.
  func finish() {
    let (waiters, refused) = state.withLock { state in
      state.phase = .stopped
      defer {
        state.stopWaiters = []
        state.waiting = []
      }
      return (state.stopWaiters, state.waiting)
    }
    for submission in refused { submission.continuation.resume(returning: .notRunning) }
    for waiter in waiters { waiter.resume() }
  }

  /// Has the thread look at its children and their deadlines anew.
  func wakeUp() {
    guard let wake = wakeDescriptor else { return }
    // Fails only when the counter is at its maximum: then the thread is awake anyway.
    var one: UInt64 = 1
    withExtendedLifetime(wake) { _ = unsafe write(wake.number, &one, 8) }
  }
}

internal import CGRPC
internal import Glibc
internal import Synchronization

/// The C core's event queue and the one thread that polls it.
///
/// The core does its I/O on the polling thread, so whatever stalls there stalls every connection.
/// The thread is also an executor: an actor that lives on it handles events without locks and
/// starts cheap handlers without a change of thread.
//
// Sendable: `core` is thread-safe in the functions that are called from other threads (post,
// starting operations); the rest is behind the mutex or atomic.
@safe final class CompletionQueue: SerialExecutor, TaskExecutor, @unchecked Sendable {
  let core: OpaquePointer
  private let state = Mutex(State())
  /// pthread_self() of the polling thread, 0 while there is none.
  private let pollingThread = Atomic<UInt>(0)

  private struct State {
    var jobs: [UnownedJob] = []
    /// A wake-up is on its way: more of them would tell the thread nothing new.
    var isWoken = false
    var thread: pthread_t?
    var hasEnded = false
    var onEnd: CheckedContinuation<Void, Never>?
  }

  private static let initializeCore: Void = cgrpc_init()

  init() {
    // Signals are for the threads that wait for them; the core's own threads inherit this mask.
    unsafe core = Self.withSignalsBlocked {
      Self.initializeCore
      return unsafe cgrpc_queue_create()
    }
  }

  // MARK: Thread

  /// Starts polling.
  func start() {
    let context = unsafe Unmanaged.passRetained(self)
    let thread = Self.withSignalsBlocked {
      var thread = pthread_t()
      let result = unsafe pthread_create(
        &thread, nil,
        { context in
          guard let context = unsafe context else { return nil }
          let queue = unsafe Unmanaged<CompletionQueue>.fromOpaque(context).takeRetainedValue()
          queue.poll()
          return nil
        }, context.toOpaque())
      // The core and Swift's runtime end the process as well when they get no thread.
      precondition(result == 0, "gRPC completion queue: pthread_create failed with \(result)")
      return thread
    }
    state.withLock { $0.thread = thread }
  }

  /// Ends the thread once everything that was started has completed. Nothing may be started any
  /// more.
  func stop() async {
    unsafe cgrpc_queue_shut_down(core)
    await withCheckedContinuation { continuation in
      let hasEnded = state.withLock { state in
        if !state.hasEnded { state.onEnd = continuation }
        return state.hasEnded
      }
      if hasEnded { continuation.resume() }
    }
    // The thread has nothing left to do but return, so this does not block.
    if let thread = state.withLock({ $0.thread.take() }) { pthread_join(thread, nil) }
    unsafe cgrpc_queue_destroy(core)
  }

  /// For a queue that was never started: polls on the calling thread until `kind` has come.
  func pollInline(until kind: cgrpc_event_kind) {
    while unsafe cgrpc_queue_next(core).kind != kind {}
  }

  private func poll() {
    cgrpc_name_polling_thread()
    pollingThread.store(UInt(pthread_self()), ordering: .releasing)
    var jobs: [UnownedJob] = []
    while true {
      runJobs(reusing: &jobs)
      // The event's owner must be gone before the next poll: it may be what the core waits for.
      guard unsafe handle(cgrpc_queue_next(core)) else { break }
    }
    let waiter = state.withLock { state in
      state.hasEnded = true
      return state.onEnd.take()
    }
    waiter?.resume()
  }

  /// False when the queue is drained.
  private func handle(_ event: cgrpc_event) -> Bool {
    // The kind says what the owner is: who starts an operation and who gets its event is decided
    // together, in the files named by the types below.
    switch unsafe event.kind {
    case CGRPC_QUEUE_DRAINED: return false
    case CGRPC_POSTED:
      state.withLock { $0.isWoken = false }
      unsafe owner(of: event, as: Acceptor.self)?.drain()
    case CGRPC_SERVER_STOPPED: unsafe owner(of: event, as: Acceptor.self)?.serverStopped()
    case CGRPC_CALL_ACCEPTED:
      unsafe owner(of: event, as: ServerCall.self)?.accepted(event.success)
    case CGRPC_CALL_RECEIVED: unsafe owner(of: event, as: ServerCall.self)?.received()
    case CGRPC_CALL_CLOSED: unsafe owner(of: event, as: ServerCall.self)?.closed()
    case CGRPC_CALL_ANSWERED: unsafe owner(of: event, as: ServerCall.self)?.answered()
    case CGRPC_CLIENT_FINISHED: unsafe owner(of: event, as: ClientCall.self)?.finished()
    default: preconditionFailure("gRPC completion queue: unknown event")
    }
    return true
  }

  /// Takes back the reference that the started operation held.
  private func owner<Owner: AnyObject>(of event: cgrpc_event, as type: Owner.Type) -> Owner? {
    guard let owner = unsafe event.owner else { return nil }
    return unsafe Unmanaged<Owner>.fromOpaque(owner).takeRetainedValue()
  }

  private static func withSignalsBlocked<R>(_ body: () -> R) -> R {
    var all = sigset_t()
    var before = sigset_t()
    unsafe sigfillset(&all)
    unsafe pthread_sigmask(SIG_BLOCK, &all, &before)
    defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    return body()
  }

  // MARK: Executor

  private var isPollingThread: Bool {
    pollingThread.load(ordering: .relaxed) == UInt(pthread_self())
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let isLocal = isPollingThread
    let mustWake = state.withLock { state in
      state.jobs.append(job)
      if isLocal || state.isWoken { return false }
      state.isWoken = true
      return true
    }
    // The polling thread looks for jobs before it polls again; any other has to make it look.
    if mustWake { unsafe cgrpc_queue_post(core, nil) }
  }

  private func runJobs(reusing jobs: inout [UnownedJob]) {
    while true {
      state.withLock { swap(&jobs, &$0.jobs) }
      if jobs.isEmpty { return }
      for job in jobs {
        unsafe job.runSynchronously(
          isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
      }
      jobs.removeAll(keepingCapacity: true)
    }
  }

  // The events of `handle` come outside of any job, but on the thread that all jobs run on.
  func checkIsolated() {
    precondition(isPollingThread, "not on the gRPC completion queue's thread")
  }

  func isIsolatingCurrentContext() -> Bool? { isPollingThread }
}

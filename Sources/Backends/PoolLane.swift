internal import Linux
internal import Synchronization

/// Threads that take blocking work from one queue, so that a long piece holds up one thread and nothing
/// that waits.
final class PoolLane: Sendable {
  typealias Job = @Sendable () -> Void

  private let threads: [SerialThread]
  private let queue: Queue

  /// Apart from the threads: a job that held the last reference to them would wait for itself.
  private final class Queue: Sendable {
    struct State {
      var idle: [Int]
      var waiting: [Job] = []
    }
    let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(idle: Array(0..<count))) }

    /// The thread that is to begin with `job`; nil: one that is at work comes to it.
    func thread(for job: @escaping Job) -> Int? {
      state.withLock { state in
        guard let index = state.idle.popLast() else {
          state.waiting.append(job)
          return nil
        }
        return index
      }
    }

    func run(_ first: @escaping Job, on index: Int) {
      var next: Job? = first
      while let job = next {
        job()
        next = state.withLock { state in
          guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
          state.idle.append(index)
          return nil
        }
      }
    }
  }

  init(name: String, threads count: Int) throws(SystemCallError) {
    var threads: [SerialThread] = []
    for _ in 0..<count { threads.append(try SerialThread(name: name)) }
    self.threads = threads
    queue = Queue(count)
  }

  /// Has `job` run after what was handed in before has begun.
  func start(_ job: @escaping Job) {
    guard let index = queue.thread(for: job) else { return }
    let queue = self.queue
    threads[index].start { queue.run(job, on: index) }
  }
}

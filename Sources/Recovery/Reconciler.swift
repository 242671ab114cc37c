internal import Synchronization

/// Runs one piece of work per key until the key is settled: level-triggered, coalescing, bounded.
///
/// Whatever happens, from an event, a poll or a failed attempt, only puts the key into the queue; what
/// is to be done about it the work finds out for itself, each time anew. A key is never worked on
/// twice at a time, and however often it is queued meanwhile, it is worked on once more afterwards.
public final class Reconciler<Key: Hashable & Sendable>: Sendable {
  /// What came of one piece of work.
  public enum Outcome: Sendable {
    /// Nothing is left to do until somebody queues the key again.
    case settled
    /// To be tried again after this time, or before when somebody queues the key.
    case again(after: Duration)
  }

  private let limit: Int
  private let work: @Sendable (Key) async -> Outcome
  private let state = Mutex(State())
  private let wakes: AsyncStream<Void>
  private let waker: AsyncStream<Void>.Continuation

  private struct State {
    /// In the order they came.
    var waiting: [Key] = []
    var queued: Set<Key> = []
    var running: Set<Key> = []
    /// Queued while they were being worked on.
    var again: Set<Key> = []
    /// When each is tried again, if nobody queues it before.
    var due: [Key: ContinuousClock.Instant] = [:]
    /// Until when the task sleeps that will try it again. One whose retry was put off sleeps on, and only
    /// for one that has come nearer is another task begun, so that events without end make no tasks
    /// without end.
    var sleepers: [Key: ContinuousClock.Instant] = [:]
    /// Those that work and those that sleep.
    var tasks = 0

    /// Whether somebody has to be woken.
    mutating func enqueue(_ key: Key) -> Bool {
      due[key] = nil
      if running.contains(key) {
        again.insert(key)
        return false
      }
      guard queued.insert(key).inserted else { return false }
      waiting.append(key)
      return true
    }

    mutating func take(limit: Int) -> Key? {
      guard running.count < limit, !waiting.isEmpty else { return nil }
      let key = waiting.removeFirst()
      queued.remove(key)
      running.insert(key)
      return key
    }

    /// Until when somebody has to sleep for it; nil when nobody has to, or somebody does already.
    mutating func finish(
      _ key: Key, _ outcome: Outcome, at now: ContinuousClock.Instant
    ) -> ContinuousClock.Instant? {
      running.remove(key)
      if again.remove(key) != nil {
        _ = enqueue(key)
        return nil
      }
      guard case .again(let delay) = outcome else { return nil }
      let time = now + delay
      due[key] = time
      if let sleeper = sleepers[key], sleeper <= time { return nil }
      sleepers[key] = time
      return time
    }

    /// Somebody has slept until then: whether the key is due, or until when to sleep on.
    mutating func wake(
      _ key: Key, from time: ContinuousClock.Instant, at now: ContinuousClock.Instant
    ) -> (isDue: Bool, next: ContinuousClock.Instant?) {
      guard sleepers[key] == time else { return (false, nil) }
      sleepers[key] = nil
      guard let due = due[key] else { return (false, nil) }
      guard due > now else { return (true, nil) }
      sleepers[key] = due
      return (false, due)
    }
  }

  /// At most `limit` keys are worked on at a time.
  public init(limit: Int, work: @escaping @Sendable (Key) async -> Outcome) {
    self.limit = limit
    self.work = work
    (wakes, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// Queues a key; from anywhere, at any time, also before `run`.
  public func enqueue(_ key: Key) {
    let isNew = state.withLock { $0.enqueue(key) }
    if isNew { waker.yield() }
  }

  /// Keys that wait or are being worked on.
  public var busy: Int { state.withLock { $0.queued.count + $0.running.count } }

  /// Tasks that work or sleep: no more of them than keys, as long as no retry comes nearer.
  var tasks: Int { state.withLock { $0.tasks } }

  /// Works until the task is cancelled; work under way is finished.
  public func run() async {
    await withDiscardingTaskGroup { group in
      for await _ in wakes {
        while let key = state.withLock({ $0.take(limit: limit) }) {
          group.addTask { await self.handle(key) }
        }
      }
      group.cancelAll()
    }
  }

  /// Works on the key, and stays to try it again when its time has come.
  private func handle(_ key: Key) async {
    state.withLock { $0.tasks += 1 }
    defer { state.withLock { $0.tasks -= 1 } }
    let outcome = await work(key)
    var time = state.withLock { $0.finish(key, outcome, at: .now) }
    waker.yield()
    while let until = time {
      guard (try? await Task.sleep(until: until)) != nil else { return }
      let (isDue, next) = state.withLock { $0.wake(key, from: until, at: .now) }
      if isDue { enqueue(key) }
      time = next
    }
  }
}

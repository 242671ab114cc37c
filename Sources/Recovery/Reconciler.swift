internal import Synchronization

/// Runs one piece of work per key until the key is settled: level-triggered, coalescing, bounded.
///
/// Whatever happens, from an event, a poll or a failed attempt, only puts the key into the queue; what
/// is to be done about it the work finds out for itself, each time anew.  A key is never worked on
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
    /// Which retry is the current one: an older one that wakes up late does nothing.
    var retries: [Key: UInt64] = [:]
    var nextRetry: UInt64 = 0

    /// Whether somebody has to be woken.
    mutating func enqueue(_ key: Key) -> Bool {
      retries[key] = nil
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

    /// The retry to sleep for; nil when there is none, or the key is queued again already.
    mutating func finish(_ key: Key, _ outcome: Outcome) -> UInt64? {
      running.remove(key)
      if again.remove(key) != nil {
        _ = enqueue(key)
        return nil
      }
      guard case .again = outcome else { return nil }
      nextRetry += 1
      retries[key] = nextRetry
      return nextRetry
    }

    mutating func isCurrent(_ retry: UInt64, of key: Key) -> Bool { retries[key] == retry }
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

  private func handle(_ key: Key) async {
    let outcome = await work(key)
    let retry = state.withLock { $0.finish(key, outcome) }
    waker.yield()
    guard case .again(let delay) = outcome, let retry else { return }
    guard (try? await Task.sleep(for: delay)) != nil else { return }
    if state.withLock({ $0.isCurrent(retry, of: key) }) { enqueue(key) }
  }
}

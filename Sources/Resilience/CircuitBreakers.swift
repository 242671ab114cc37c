internal import Synchronization

/// A circuit breaker for each of many keys, such as the endpoints of targets.
///
/// A key that was never heard of is closed. The number of keys is bounded: beyond it, the one that
/// was used least recently is forgotten, one without failures if there is any.
public final class CircuitBreakers<Key: Hashable & Sendable>: Sendable {
  private let policy: CircuitBreaker.Policy
  private let limit: Int
  private let state = Mutex(State())

  private struct State {
    var entries: [Key: Entry] = [:]
    var uses: UInt64 = 0
    /// Above the generations of all that was forgotten: permits from then match no new breaker.
    var firstGeneration: UInt64 = 0

    /// Nil when the key is not remembered.
    mutating func use<Result>(
      _ key: Key, _ body: (inout CircuitBreaker) -> Result
    ) -> Result? {
      guard let index = entries.index(forKey: key) else { return nil }
      uses += 1
      entries.values[index].lastUse = uses
      return body(&entries.values[index].breaker)
    }

    mutating func forgetOne() {
      // Without failures first, then by age.
      func rank(_ entry: Entry) -> (Int, UInt64) {
        (entry.breaker.isPristine ? 0 : 1, entry.lastUse)
      }
      guard let (key, entry) = entries.min(by: { rank($0.value) < rank($1.value) }) else { return }
      entries[key] = nil
      firstGeneration = max(firstGeneration, entry.breaker.generation + 1)
    }
  }

  private struct Entry {
    var breaker: CircuitBreaker
    var lastUse: UInt64
  }

  /// All keys closed.
  public init(_ policy: CircuitBreaker.Policy = CircuitBreaker.Policy(), limit: Int = 1024) {
    precondition(limit > 0, "there is room for a circuit breaker")
    self.policy = policy
    self.limit = limit
  }

  /// How many keys are remembered.
  public var count: Int { state.withLock { $0.entries.count } }

  /// A permit to try the key now; nil while its breaker is open or being probed. The outcome is to
  /// be recorded.
  public func permit(for key: Key, at now: ContinuousClock.Instant) -> CircuitBreaker.Permit? {
    state.withLock { state in
      if state.entries[key] == nil {
        if state.entries.count >= limit { state.forgetOne() }
        state.entries[key] = Entry(
          breaker: CircuitBreaker(policy, generation: state.firstGeneration), lastUse: 0)
      }
      return state.use(key) { $0.permit(at: now) } ?? nil
    }
  }

  /// Records how a permitted try of the key went. Ignored when the key was forgotten meanwhile.
  public func record(
    _ outcome: CircuitBreaker.Outcome, for key: Key, permit: CircuitBreaker.Permit,
    at now: ContinuousClock.Instant
  ) {
    state.withLock { state in
      _ = state.use(key) { $0.record(outcome, for: permit, at: now) }
    }
  }

  /// The state of a key.
  public func state(of key: Key, at now: ContinuousClock.Instant) -> CircuitBreaker.State {
    state.withLock { $0.entries[key]?.breaker.state(at: now) ?? .closed }
  }

  /// The remembered keys and their states, for people and metrics.
  public func states(at now: ContinuousClock.Instant) -> [Key: CircuitBreaker.State] {
    state.withLock { $0.entries.mapValues { $0.breaker.state(at: now) } }
  }
}

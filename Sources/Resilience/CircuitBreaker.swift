/// Whether something that failed may be tried now.
///
/// Closed, everything may be tried. After some failures in a row it opens: nothing may be tried for
/// a while. Then it is half-open: one probe may be tried, whose success closes it and whose failure
/// opens it again, for the same while. It does not grow: whoever comes back after a long outage is
/// to be found as soon as after a short one, and one probe per while costs nothing.
///
/// A pure value: it knows the time only from its callers and changes only when they ask or record.
public struct CircuitBreaker: Hashable, Sendable {
  /// When it opens and for how long.
  public struct Policy: Hashable, Sendable {
    /// Failures in a row that open it.
    public var failureThreshold = 3
    /// How long it stays open.
    public var openDuration: Duration = .seconds(30)
    /// How long the probe may take. One that has not been recorded by then is taken for lost, and
    /// another may be tried.
    public var probeDuration: Duration = .seconds(60)

    /// The defaults.
    public init() {}
  }

  /// What may be tried.
  public enum State: Hashable, Sendable {
    /// Everything.
    case closed
    /// Nothing until then.
    case open(until: ContinuousClock.Instant)
    /// One probe; while one is under way, nothing.
    case halfOpen(isProbing: Bool)
  }

  /// How a try went.
  public enum Outcome: Hashable, Sendable {
    /// What was tried works.
    case success
    /// What was tried does not work.
    case failure
    /// Nothing was learned, for example because the caller cancelled.
    case unknown
  }

  /// That something may be tried once. Its outcome is to be recorded.
  public struct Permit: Hashable, Sendable {
    let generation: UInt64
  }

  private enum Phase: Hashable {
    case closed(failures: Int)
    /// After that instant half-open, with nothing under way.
    case open(until: ContinuousClock.Instant)
    /// Half-open with a probe under way, taken for lost at that instant.
    case probing(until: ContinuousClock.Instant)
  }

  private let policy: Policy
  private var phase = Phase.closed(failures: 0)
  /// Changes with the phase, so that the outcome of a try from before changes nothing any more.
  private(set) var generation: UInt64

  /// A closed one.
  public init(_ policy: Policy = Policy()) { self.init(policy, generation: 0) }

  /// A closed one whose permits differ from those of all lower generations.
  init(_ policy: Policy, generation: UInt64) {
    precondition(
      policy.failureThreshold > 0 && policy.openDuration > .zero && policy.probeDuration > .zero,
      "a circuit breaker's threshold and durations are positive")
    self.policy = policy
    self.generation = generation
  }

  /// What may be tried at that time.
  public func state(at now: ContinuousClock.Instant) -> State {
    switch phase {
    case .closed: .closed
    case .open(let until): now < until ? .open(until: until) : .halfOpen(isProbing: false)
    case .probing(let until): .halfOpen(isProbing: now < until)
    }
  }

  /// A permit to try now; nil while open or while a probe is under way. Half-open, it is the probe.
  public mutating func permit(at now: ContinuousClock.Instant) -> Permit? {
    switch state(at: now) {
    case .closed: break
    case .halfOpen(isProbing: false): enter(.probing(until: now.advanced(by: policy.probeDuration)))
    case .open, .halfOpen(isProbing: true): return nil
    }
    return Permit(generation: generation)
  }

  /// Records how a permitted try went.
  ///
  /// What was permitted before the breaker last opened, closed or gave another probe is ignored: it
  /// tells about the past.
  public mutating func record(
    _ outcome: Outcome, for permit: Permit, at now: ContinuousClock.Instant
  ) {
    guard permit.generation == generation else { return }
    switch (phase, outcome) {
    case (.closed, .success): phase = .closed(failures: 0)
    case (.closed(let failures), .failure):
      if failures + 1 < policy.failureThreshold {
        phase = .closed(failures: failures + 1)
      } else {
        open(at: now)
      }
    case (.probing, .success): enter(.closed(failures: 0))
    case (.probing, .failure): open(at: now)
    // The next may probe at once.
    case (.probing, .unknown): enter(.open(until: now))
    case (.closed, .unknown), (.open, _): break
    }
  }

  /// Closed and without a failure: as good as a new one.
  var isPristine: Bool { phase == .closed(failures: 0) }

  private mutating func open(at now: ContinuousClock.Instant) {
    enter(.open(until: now.advanced(by: policy.openDuration)))
  }

  private mutating func enter(_ new: Phase) {
    phase = new
    generation += 1
  }
}

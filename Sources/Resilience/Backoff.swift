/// How long to wait before the next try: a random time up to a ceiling that doubles with each try
/// until it is at the cap ("full jitter"), so that those who failed together do not come back
/// together.
public struct Backoff<Generator: RandomNumberGenerator> {
  private let base: UInt64
  private let cap: UInt64
  private var ceiling: UInt64
  private var generator: Generator

  /// The first wait is `base` at most, none is longer than `cap`. To the nanosecond; a year at most.
  public init(base: Duration, cap: Duration, using generator: Generator) {
    precondition(
      .nanoseconds(1) <= base && base <= cap && cap <= .seconds(366 * 86_400),
      "a backoff's base is positive and not above its cap, which is a year at most")
    self.base = Self.nanoseconds(base)
    self.cap = Self.nanoseconds(cap)
    ceiling = self.base
    self.generator = generator
  }

  /// How long to wait before the next try.
  public mutating func next() -> Duration {
    let wait = UInt64.random(in: 0...ceiling, using: &generator)
    // Up to a year in nanoseconds doubles without overflow.
    ceiling = min(2 * ceiling, cap)
    return .nanoseconds(Int64(wait))
  }

  /// After a success: the next wait is as the first.
  public mutating func reset() { ceiling = base }

  private static func nanoseconds(_ duration: Duration) -> UInt64 {
    let (seconds, attoseconds) = duration.components
    return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
  }
}

extension Backoff: Sendable where Generator: Sendable {}

extension Backoff where Generator == SystemRandomNumberGenerator {
  /// With the system's random numbers.
  public init(base: Duration, cap: Duration) {
    self.init(base: base, cap: cap, using: SystemRandomNumberGenerator())
  }
}

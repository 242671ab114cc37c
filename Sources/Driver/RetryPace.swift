/// How long a volume is left alone after an attempt to restore it that did not come off.
///
/// In step with how long it has been failing: what was away for a second is looked at again after one,
/// what has been refused for ten minutes every half a minute. So it is found soon after it can be helped,
/// compared with how long it could not, and what fails for good costs next to nothing.
enum RetryPace {
  /// What failed.
  enum Kind: Hashable, Sendable {
    /// Something on this machine.
    case local
    /// A connect, which has cost the target and the kernel some work.
    case connect
    /// The repair of a file system that only a person can repair.
    case damaged
  }

  /// The longest pause, but for attempts that take longer themselves.
  static var cap: Duration { .seconds(30) }

  /// - Parameters:
  ///   - age: Since the first of the failures in a row.
  ///   - took: How long the attempt took: no volume is worked on for more than a third of the time.
  ///   - unwell: How many volumes are not healthy: the more there are, the less often each is tried.
  static func pause(
    _ kind: Kind, age: Duration, took: Duration, unwell: Int, jitter: Double
  ) -> Duration {
    let floor: Duration =
      switch kind {
      case .local: .milliseconds(500)
      case .connect: .seconds(1)
      case .damaged: cap
      }
    let crowd = Duration.milliseconds(20) * unwell
    let longest = max(cap, took * 2)
    return min(longest, max(floor, crowd, age / 20, took * 2)) * jitter
  }

  /// So that those who failed together do not come back together.
  static func jitter() -> Double { Double.random(in: 0.75...1) }
}

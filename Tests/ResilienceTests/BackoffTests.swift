import Resilience
import Testing

/// SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

/// Always draws the highest value.
struct HighestGenerator: RandomNumberGenerator {
  mutating func next() -> UInt64 { .max }
}

@Suite("Backoff") struct BackoffTests {
  @Test("The ceiling doubles up to the cap, and starts again after a reset")
  func ceilings() {
    var backoff = Backoff(base: .milliseconds(100), cap: .seconds(1), using: HighestGenerator())
    let expected = [100, 200, 400, 800, 1000, 1000, 1000].map(Duration.milliseconds)
    #expect((0..<7).map { _ in backoff.next() } == expected)
    backoff.reset()
    #expect((0..<7).map { _ in backoff.next() } == expected)
  }

  @Test("The smallest and the largest one do not overflow")
  func extremes() {
    var small = Backoff(base: .nanoseconds(1), cap: .nanoseconds(1), using: HighestGenerator())
    for _ in 0..<200 { #expect(small.next() == .nanoseconds(1)) }
    let year = Duration.seconds(366 * 86_400)
    var large = Backoff(base: .nanoseconds(1), cap: year, using: HighestGenerator())
    for _ in 0..<200 { _ = large.next() }
    #expect(large.next() == year)
  }

  @Test(
    "Every wait is within its bounds and all of the range is used",
    arguments: 0..<50 as Range<UInt64>)
  func bounds(seed: UInt64) {
    var dice = SeededGenerator(seed: seed)
    let base = Duration.nanoseconds(Int64.random(in: 1...1_000_000_000, using: &dice))
    let cap = base * Int.random(in: 1...5000, using: &dice)
    var backoff = Backoff(base: base, cap: cap, using: dice)
    for _ in 0..<4 {
      var ceiling = base
      for _ in 0..<20 {
        let wait = backoff.next()
        #expect(.zero <= wait && wait <= ceiling)
        ceiling = min(ceiling * 2, cap)
      }
      backoff.reset()
    }
    // 200 draws at the cap: each quarter is hit but for one seed in 10^24.
    for _ in 0..<20 { _ = backoff.next() }
    var quarters: Set<Int> = []
    for _ in 0..<200 { quarters.insert(min(3, Int(4 * (backoff.next() / cap)))) }
    #expect(quarters.count == 4 || cap < .nanoseconds(100))
  }

  @Test("The same seed gives the same waits, another gives others")
  func deterministic() {
    func waits(seed: UInt64) -> [Duration] {
      var backoff = Backoff(
        base: .seconds(1), cap: .seconds(60), using: SeededGenerator(seed: seed))
      return (0..<20).map { _ in backoff.next() }
    }
    #expect(waits(seed: 1) == waits(seed: 1))
    #expect(waits(seed: 1) != waits(seed: 2))
  }

  @Test("The system's random numbers will do")
  func system() {
    var backoff = Backoff(base: .seconds(1), cap: .seconds(2))
    for _ in 0..<100 { #expect((.zero ... .seconds(2)).contains(backoff.next())) }
  }
}

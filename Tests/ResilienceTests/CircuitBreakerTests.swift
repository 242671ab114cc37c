import Resilience
import Testing

/// An arbitrary start of time.
let start = ContinuousClock.now

func at(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

/// What happens to a breaker, or is seen of it, at a time.
enum Step: Sendable, CustomTestStringConvertible {
  /// Takes a permit under that name, or is to be refused.
  case permit(Double, String)
  case refuse(Double)
  case record(Double, CircuitBreaker.Outcome, String)
  case expect(Double, CircuitBreaker.State)

  var testDescription: String {
    switch self {
    case .permit(let time, let name): "\(time): permit \(name)"
    case .refuse(let time): "\(time): refuse"
    case .record(let time, let outcome, let name): "\(time): \(outcome) of \(name)"
    case .expect(let time, let state): "\(time): expect \(state)"
    }
  }
}

/// Three failures at 0, so open until 30.
let opening: [Step] = [
  .permit(0, "a"), .record(0, .failure, "a"), .permit(0, "b"), .record(0, .failure, "b"),
  .permit(0, "c"), .record(0, .failure, "c"),
]

@Suite("Circuit breaker") struct CircuitBreakerTests {
  @Test(
    "Its transitions",
    arguments: [
      ("new: closed", [.expect(0, .closed), .permit(0, "a"), .permit(0, "b")]),
      ("two failures: closed", opening.dropLast() + [.expect(0, .closed), .permit(0, "d")]),
      ("three failures: open", opening + [.expect(0, .open(until: at(30))), .refuse(0)]),
      (
        "failures of tries at the same time count",
        [
          .permit(0, "a"), .permit(0, "b"), .permit(0, "c"), .record(1, .failure, "c"),
          .record(2, .failure, "a"), .expect(2, .closed), .record(3, .failure, "b"),
          .expect(3, .open(until: at(33))),
        ]
      ),
      (
        "a success between them starts the count again",
        [
          .permit(0, "a"), .record(0, .failure, "a"), .record(0, .failure, "a"),
          .record(0, .success, "a"), .record(0, .failure, "a"), .record(0, .failure, "a"),
          .expect(0, .closed), .record(0, .failure, "a"), .expect(0, .open(until: at(30))),
        ]
      ),
      (
        "an unknown outcome does not count",
        [
          .permit(0, "a"), .record(0, .failure, "a"), .record(0, .failure, "a"),
          .record(0, .unknown, "a"), .expect(0, .closed), .record(0, .failure, "a"),
          .expect(0, .open(until: at(30))),
        ]
      ),
      (
        "open until its time, then half-open",
        opening + [
          .refuse(29.999), .expect(29.999, .open(until: at(30))),
          .expect(30, .halfOpen(isProbing: false)), .expect(1000, .halfOpen(isProbing: false)),
        ]
      ),
      (
        "half-open: exactly one probe",
        opening + [
          .permit(30, "probe"), .refuse(30), .expect(30, .halfOpen(isProbing: true)), .refuse(89),
        ]
      ),
      (
        "probe succeeds: closed with a fresh count",
        opening + [
          .permit(30, "probe"), .record(31, .success, "probe"), .expect(31, .closed),
          .permit(31, "d"), .record(31, .failure, "d"), .record(31, .failure, "d"),
          .expect(31, .closed), .record(31, .failure, "d"), .expect(31, .open(until: at(61))),
        ]
      ),
      (
        "probe fails: open again as long as before, every time",
        opening + [
          .permit(30, "1"), .record(35, .failure, "1"), .expect(35, .open(until: at(65))),
          .refuse(64), .permit(65, "2"), .record(66, .failure, "2"),
          .expect(66, .open(until: at(96))), .permit(500, "3"), .record(500, .failure, "3"),
          .expect(500, .open(until: at(530))),
        ]
      ),
      (
        "probe learns nothing: the next may probe at once",
        opening + [
          .permit(30, "1"), .record(31, .unknown, "1"), .expect(31, .halfOpen(isProbing: false)),
          .permit(31, "2"), .refuse(31),
        ]
      ),
      (
        "a lost probe is replaced, and heard no more",
        opening + [
          .permit(30, "lost"), .refuse(89.9), .permit(90, "2"), .refuse(90),
          .record(91, .failure, "lost"), .expect(91, .halfOpen(isProbing: true)),
          .record(91, .success, "lost"), .expect(91, .halfOpen(isProbing: true)),
          .record(92, .success, "2"), .expect(92, .closed),
        ]
      ),
      (
        "a late probe that nobody replaced still counts",
        opening + [.permit(30, "late"), .record(200, .success, "late"), .expect(200, .closed)]
      ),
      (
        "what began before it opened changes nothing",
        [.permit(0, "old")] + opening + [
          .record(1, .success, "old"), .expect(1, .open(until: at(30))),
          .record(1, .failure, "old"), .expect(1, .open(until: at(30))), .permit(30, "probe"),
          .record(31, .failure, "old"), .expect(31, .halfOpen(isProbing: true)),
          .record(31, .success, "probe"), .record(32, .failure, "old"),
          .record(32, .failure, "old"), .record(32, .failure, "old"), .expect(32, .closed),
        ]
      ),
      (
        "a probe counts once",
        opening + [
          .permit(30, "probe"), .record(31, .success, "probe"), .record(31, .failure, "probe"),
          .record(31, .failure, "probe"), .record(31, .failure, "probe"), .expect(31, .closed),
        ]
      ),
    ] as [(String, [Step])])
  func transitions(name: String, steps: [Step]) throws {
    var breaker = CircuitBreaker()
    var permits: [String: CircuitBreaker.Permit] = [:]
    for step in steps {
      let comment = Comment(rawValue: step.testDescription)
      switch step {
      case .permit(let time, let name):
        let permit = breaker.permit(at: at(time))
        permits.updateValue(try #require(permit, comment), forKey: name)
      case .refuse(let time):
        #expect(breaker.permit(at: at(time)) == nil, comment)
      case .record(let time, let outcome, let name):
        breaker.record(outcome, for: try #require(permits[name]), at: at(time))
      case .expect(let time, let state):
        #expect(breaker.state(at: at(time)) == state, comment)
      }
    }
  }

  @Test("The policy decides")
  func policy() throws {
    var policy = CircuitBreaker.Policy()
    policy.failureThreshold = 1
    policy.openDuration = .seconds(5)
    policy.probeDuration = .seconds(2)
    var breaker = CircuitBreaker(policy)
    let permit = breaker.permit(at: at(0))
    breaker.record(.failure, for: try #require(permit), at: at(0))
    #expect(breaker.state(at: at(0)) == .open(until: at(5)))
    #expect(breaker.permit(at: at(5)) != nil)
    #expect(breaker.permit(at: at(6.9)) == nil)
    #expect(breaker.permit(at: at(7)) != nil)
  }

  @Test("Looking does not change it")
  func lazy() throws {
    var breaker = CircuitBreaker()
    for _ in 0..<3 {
      let permit = breaker.permit(at: at(0))
      breaker.record(.failure, for: try #require(permit), at: at(0))
    }
    let before = breaker
    _ = breaker.state(at: at(100))
    _ = breaker.permit(at: at(10))
    #expect(breaker == before)
    #expect(breaker.state(at: at(10)) == .open(until: at(30)))
  }
}

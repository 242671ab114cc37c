import Testing

@testable import Driver

@Suite("The pause after an attempt that did not come off")
struct RetryPaceTests {
  /// Seconds: the first failure's age, what the attempt took; volumes that are not well; the pause.
  static let pauses:
    [(age: Double, took: Double, unwell: Int, kind: RetryPace.Kind, pause: Double)] = [
      (0, 0.1, 1, .connect, 1),
      (0, 0.1, 1, .local, 0.5),
      (20, 0.1, 1, .connect, 1),
      // As long as the outage is short, a target that is back is found within two seconds.
      (40, 0.1, 1, .connect, 2),
      (120, 0.1, 1, .connect, 6),
      (600, 0.1, 1, .connect, 30),
      (86_400, 0.1, 1, .connect, 30),
      // Many volumes share what one would have.
      (0, 0.1, 100, .connect, 2),
      (0, 0.1, 1_000, .connect, 20),
      (0, 0.1, 100_000, .connect, 30),
      (0, 0.1, 1, .damaged, 30),
      // What takes long is not done one time after the other.
      (0, 11, 1, .connect, 22),
      (0, 3_600, 1, .local, 7_200),
    ]

  @Test("grows with the outage, the crowd and the work", arguments: pauses)
  func pause(age: Double, took: Double, unwell: Int, kind: RetryPace.Kind, pause: Double) {
    let found = RetryPace.pause(
      kind, age: .seconds(age), took: .seconds(took), unwell: unwell, jitter: 1)
    #expect(found == .seconds(pause))
  }

  @Test("differs from volume to volume")
  func jitter() {
    let factors = (0..<64).map { _ in RetryPace.jitter() }
    #expect(factors.allSatisfy { (0.75...1).contains($0) })
    #expect(Set(factors).count > 1)
  }
}

import Resilience
import Synchronization
import Testing

@Suite("Circuit breakers") struct CircuitBreakersTests {
  private func open<Key>(_ breakers: CircuitBreakers<Key>, _ key: Key, at time: Double) throws {
    for _ in 0..<3 {
      let permit = try #require(breakers.permit(for: key, at: at(time)))
      breakers.record(.failure, for: key, permit: permit, at: at(time))
    }
  }

  @Test("Keys are independent, and looking at them takes no permit")
  func independent() throws {
    let breakers = CircuitBreakers<String>()
    try open(breakers, "b", at: 0)
    #expect(breakers.count == 1)
    #expect(breakers.state(of: "a", at: at(1)) == .closed)
    #expect(breakers.permit(for: "b", at: at(1)) == nil)
    #expect(breakers.states(at: at(1)) == ["b": .open(until: at(30))])
    for _ in 0..<2 {
      #expect(breakers.state(of: "b", at: at(30)) == .halfOpen(isProbing: false))
    }
    let probe = try #require(breakers.permit(for: "b", at: at(30)))
    #expect(breakers.state(of: "b", at: at(30)) == .halfOpen(isProbing: true))
    breakers.record(.success, for: "b", permit: probe, at: at(31))
    #expect(breakers.state(of: "b", at: at(31)) == .closed)
  }

  @Test("Beyond the limit the oldest without failures are forgotten first")
  func limit() throws {
    let breakers = CircuitBreakers<Int>(limit: 3)
    try open(breakers, 0, at: 0)
    for key in 1...100 { #expect(breakers.permit(for: key, at: at(0)) != nil) }
    #expect(breakers.states(at: at(0)) == [0: .open(until: at(30)), 99: .closed, 100: .closed])
    try open(breakers, 101, at: 1)
    try open(breakers, 102, at: 2)
    try open(breakers, 103, at: 3)
    #expect(
      breakers.states(at: at(3)) == [
        101: .open(until: at(31)), 102: .open(until: at(32)), 103: .open(until: at(33)),
      ])
  }

  @Test("What was permitted before a key was forgotten changes nothing")
  func forgotten() throws {
    let breakers = CircuitBreakers<String>(limit: 1)
    let old = try #require(breakers.permit(for: "a", at: at(0)))
    #expect(breakers.permit(for: "b", at: at(0)) != nil)
    breakers.record(.failure, for: "a", permit: old, at: at(0))
    #expect(breakers.states(at: at(0)) == ["b": .closed])
    #expect(breakers.permit(for: "a", at: at(0)) != nil)
    for _ in 0..<3 { breakers.record(.failure, for: "a", permit: old, at: at(0)) }
    #expect(breakers.states(at: at(0)) == ["a": .closed])
  }

  @Test("Of many tasks exactly one gets the probe")
  func oneProbe() async throws {
    let breakers = CircuitBreakers<String>()
    try open(breakers, "a", at: 0)
    let permits = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<200 {
        group.addTask { breakers.permit(for: "a", at: at(30)) == nil ? 0 : 1 }
      }
      return await group.reduce(0, +)
    }
    #expect(permits == 1)
  }
}

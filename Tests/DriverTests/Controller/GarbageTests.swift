import Backends
import Synchronization
import Testing

@testable import Driver

@Suite("Leftovers on the storage")
struct GarbageTests {
  static let start = ContinuousClock.now
  let one = Leftover(id: ObjectID(.volume, name: "1", cluster: "test"), what: "file")
  let two = Leftover(id: ObjectID(.volume, name: "2", cluster: "test"), what: "file")

  @Test("are garbage only after they were seen all through the grace time")
  func grace() {
    var garbage = Garbage(grace: .seconds(600))
    #expect(garbage.seen([one], at: Self.start, known: []) == [])
    #expect(garbage.seen([one, two], at: Self.start + .seconds(599), known: []) == [])
    #expect(garbage.seen([one, two], at: Self.start + .seconds(600), known: []) == [one])
    // Gone for one look: it is another one now.
    #expect(garbage.seen([one], at: Self.start + .seconds(700), known: []) == [one])
    #expect(garbage.seen([one, two], at: Self.start + .seconds(1_300), known: []) == [one])
    #expect(garbage.seen([one, two], at: Self.start + .seconds(1_900), known: []) == [one, two])
  }

  @Test("are garbage at the second look at the earliest, whatever the grace time")
  func twice() {
    var garbage = Garbage(grace: .zero)
    #expect(garbage.seen([one], at: Self.start, known: []) == [])
    #expect(garbage.seen([one], at: Self.start, known: []) == [one])
  }

  @Test("are no garbage while there is a record, and begin anew after it")
  func known() {
    var garbage = Garbage(grace: .zero)
    #expect(garbage.seen([one], at: Self.start, known: []) == [])
    #expect(garbage.seen([one], at: Self.start, known: [one.id]) == [])
    #expect(garbage.seen([one], at: Self.start, known: []) == [])
    #expect(garbage.seen([one], at: Self.start, known: []) == [one])
  }

  private func littered(dryRun: Bool = false) -> ControllerHarness {
    var harness = ControllerHarness()
    harness.configuration.garbageDryRun = dryRun
    harness.backend.state.withLock { $0.leftovers = [one, two] }
    return harness
  }

  @Test("are removed once they are ripe, but not in a dry run")
  func removed() async throws {
    for isDry in [false, true] {
      let harness = littered(dryRun: isDry)
      try await harness.live { controller in
        var garbage = Garbage(grace: .seconds(600))
        _ = try await controller.clearAway(&garbage, at: Self.start)
        #expect(harness.backend.state.withLock { $0.leftovers.count } == 2)
        let wouldGo = try await controller.clearAway(&garbage, at: Self.start + .seconds(601))
        #expect(Set(wouldGo) == (isDry ? [one, two] : []))
      }
      #expect(harness.backend.state.withLock { $0.leftovers.count } == (isDry ? 2 : 0))
    }
  }

  @Test("stay when a listing fails, and when they are being made into a volume")
  func kept() async throws {
    let gate = Gate()
    gate.arm()
    let harness = ControllerHarness(
      backend: MemoryBackend { step throws(BackendError) in
        if step == "createVolume.copy" { await gate.passed() }
        if step == "leftovers", !gate.isArmed { throw BackendError(.unavailable, "no listing") }
      })
    try await harness.live { controller in
      async let volume = controller.made(ControllerHarness.volume())
      while harness.backend.state.withLock({ $0.leftovers.isEmpty }) {
        try await Task.sleep(for: .milliseconds(2))
      }
      var garbage = Garbage(grace: .zero)
      for _ in 0..<3 { _ = try await controller.clearAway(&garbage, at: .now) }
      #expect(harness.backend.state.withLock { $0.leftovers.count } == 1)
      gate.open()
      _ = try await volume
    }
    let blind = ControllerHarness(
      backend: MemoryBackend { step throws(BackendError) in
        if step == "leftovers" { throw BackendError(.unavailable, "no listing") }
      })
    blind.backend.state.withLock { $0.leftovers = [one] }
    try await blind.live { controller in
      _ = await #expect(throws: DriverError.self) {
        var garbage = Garbage(grace: .zero)
        _ = try await controller.clearAway(&garbage, at: .now)
      }
    }
    #expect(blind.backend.state.withLock { $0.leftovers } == [one])
  }

  @Test("a whole volume without a record is told of and never removed")
  func stranger() async throws {
    let harness = ControllerHarness()
    try await harness.live { controller in
      _ = try await controller.made(ControllerHarness.volume("a"))
      _ = try await controller.made(ControllerHarness.volume("b"))
      let stored = try #require(try await controller.volumes.record(of: harness.id("a")))
      try await controller.volumes.remove(stored)
      harness.backend.state.withLock { $0.volumes[harness.id("b")] = nil }
      let words = try await controller.mismatches()
      #expect(words.count == 2)
      #expect(words.contains { $0.contains("\(harness.id("a")) is on the storage") })
      #expect(words.contains { $0.contains("\(harness.id("b")) ('b') has a record") })
      var garbage = Garbage(grace: .zero)
      for _ in 0..<3 { _ = try await controller.clearAway(&garbage, at: .now) }
      #expect(harness.backend.state.withLock { Array($0.volumes.keys) } == [harness.id("a")])
    }
  }
}

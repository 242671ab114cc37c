import Glibc
import Linux
import Synchronization
import Testing

@testable import Backends

@Suite("A file pool's threads", .timeLimit(.minutes(2)))
struct StuckPoolTests {
  /// Holds the next threads that come to a step, as a storage that does not answer does.
  private final class Gate: Sendable {
    private struct State {
      var step: FileStorage.Step?
      var left = 0
      var held = 0
      var passed = 0
    }
    private let state = Mutex(State())

    var held: Int { state.withLock { $0.held } }
    /// How often the step was come to.
    var passed: Int { state.withLock { $0.passed } }

    func hold(_ count: Int, at step: FileStorage.Step) {
      state.withLock { $0 = State(step: step, left: count) }
    }

    func open() { state.withLock { $0.step = nil } }

    func pass(_ step: FileStorage.Step) {
      let isHeld = state.withLock { state in
        guard state.step == step else { return false }
        state.passed += 1
        guard state.left > 0 else { return false }
        state.left -= 1
        state.held += 1
        return true
      }
      while isHeld, state.withLock({ $0.step != nil }) { usleep(1000) }
    }

    func isHolding(_ count: Int) async throws {
      while held < count { try await Task.sleep(for: .milliseconds(1)) }
    }
  }

  private func run(_ body: @Sendable (FilePool, Gate, Bench) async throws -> Void) async throws {
    try await PoolGround.directory.run { bench in
      let gate = Gate()
      // Nobody waits for a thread that is held when a test has failed.
      defer { gate.open() }
      let pool = try FilePool(
        bench.configuration(), owner: .ours,
        passed: { (step) throws(BackendError) in gate.pass(step) })
      try await body(pool, gate, bench)
    }
  }

  private func notStuck(_ pool: FilePool) async throws {
    while !pool.stuck.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
  }

  @Test("go on with everything else while as much is copied as can be at a time")
  func copying() async throws {
    try await run { pool, gate, _ in
      let source = try await pool.create(try .volume("a"))
      gate.hold(2, at: .fill)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for letter in "bcdef" {
          group.addTask { try await pool.create(try .volume(letter), from: .volume(source.id)) }
        }
        try await gate.isHolding(2)
        #expect(try await pool.volume(source.id, deadline: .ample) == source)
        let other = try await pool.create(try .volume("g"))
        _ = try await pool.expandVolume(other.id, toSize: 2 << 20, deadline: .ample)
        #expect(try await pool.volumes([source.id, other.id], deadline: .ample).count == 2)
        #expect(try await pool.capacity(deadline: .ample).available > 0)
        try await pool.delete(other.id)
        // The two that are held, and the empty one.
        #expect(gate.passed == 3)
        gate.open()
        try await group.waitForAll()
      }
      #expect(try await pool.volumeIDs().count == 6)
    }
  }

  @Test("take the next copy wherever one has ended: nothing waits behind the longest")
  func oneQueue() async throws {
    try await run { pool, gate, _ in
      let source = try await pool.create(try .volume("a")).id
      gate.hold(1, at: .fill)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await pool.create(try .volume("b"), from: .volume(source)) }
        try await gate.isHolding(1)
        for letter in "cdefgh" {
          try await pool.create(try .volume(letter), from: .volume(source))
        }
        gate.open()
        try await group.waitForAll()
      }
    }
  }

  @Test("a copy ends when whoever wanted it is cancelled, and nothing is left of it")
  func cancelled() async throws {
    try await run { pool, gate, bench in
      let source = try await pool.create(try .volume("a"), size: 64 << 20)
      for offset in stride(from: Int64(0), to: 64 << 20, by: 1 << 20) {
        try write("x", to: source.path, at: offset)
      }
      let before = try bench.files()
      let told = Told()
      try await withThrowingTaskGroup(of: BackendError.Code?.self) { group in
        group.addTask {
          try await code {
            try await pool.create(try .volume("b"), size: 64 << 20, from: .volume(source.id)) {
              told.add($0, $1)
              usleep(50_000)
            }
          }
        }
        while told.all.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
        group.cancelAll()
        #expect(try await group.next() == .timedOut)
      }
      #expect(try bench.files() == before)
      #expect(pool.stuck == [])
    }
  }

  @Test("leave one object that hangs behind, and go on with the others")
  func stuck() async throws {
    try await run { pool, gate, _ in
      let (a, b) = (try ObjectID.volume("a"), try ObjectID.volume("b"))
      try await pool.create(a)
      let other = try await pool.create(b)
      gate.hold(1, at: .hide)
      await expectError(.timedOut, "\(a)") {
        try await pool.deleteVolume(a, deadline: .now + .seconds(1)) { _, _ in }
      }
      #expect(pool.stuck.map(\.subject) == [a.description])
      await expectError(.unavailable, "sits in the kernel") { try await pool.delete(a) }
      #expect(try await pool.volume(b, deadline: .ample) == other)
      try await pool.create(try .volume("c"))
      try await pool.delete(b)
      #expect(try await pool.volumeIDs(deadline: .ample).contains(try .volume("c")))
      gate.open()
      try await notStuck(pool)
      try await pool.delete(a)
      #expect(try await pool.volumeIDs() == [.volume("c")])
    }
  }

  @Test("what is made too late clears up after itself, and keeps its room until then")
  func late() async throws {
    try await run { pool, gate, bench in
      let id = try ObjectID.volume("a")
      func promised() throws -> Int64 {
        try pool.storage.room(in: try pool.storage.place(writable: false)).promised
      }
      try await pool.checkHealth(isKnown: false, deadline: .ample)
      gate.hold(1, at: .makeHalf)
      await expectError(.timedOut) {
        try await pool.create(id, size: 8 << 20, deadline: .now + .seconds(1))
      }
      #expect(pool.stuck.map(\.subject) == [id.description])
      #expect(try promised() == 8 << 20)
      #expect(try await pool.leftovers(deadline: .ample) == [])
      await expectError(.unavailable) { try await pool.create(id, size: 8 << 20) }
      #expect(try promised() == 8 << 20)
      gate.open()
      try await notStuck(pool)
      #expect(try bench.files() == [])
      #expect(try promised() == 0)
      try await pool.create(id, size: 8 << 20)
    }
  }
}

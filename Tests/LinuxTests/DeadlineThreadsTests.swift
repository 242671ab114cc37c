import Glibc
import Synchronization
import Testing

@testable import Linux

@Suite("Blocking work on threads of its own")
struct DeadlineThreadsTests {
  private struct Failure: Error, Equatable {}

  /// Holds threads up as the kernel would.
  private final class Gate: Sendable {
    private let open = Atomic<Bool>(false)
    func pass() {
      while !open.load(ordering: .acquiring) { usleep(1000) }
    }
    func release() { open.store(true, ordering: .releasing) }
  }

  @Test("its result and its error come back")
  func results() async throws {
    let threads = try DeadlineThreads(name: "test", limit: 2)
    let number = try await threads.perform("count", subject: "a", deadline: .now + .seconds(60)) {
      _ in 42
    }
    #expect(number.get() == 42)
    let failure: Result<Int, Failure> = try await threads.perform(
      "fail", subject: "a", deadline: .now + .seconds(60)
    ) { (_) throws(Failure) in throw Failure() }
    #expect(throws: Failure()) { try failure.get() }
    #expect(threads.stuck == [])
  }

  @Test("a thread that sits in the kernel is left behind, and its subject is refused meanwhile")
  func leftBehind() async throws {
    let threads = try DeadlineThreads(name: "test", limit: 2)
    let gate = Gate()
    let sawGivenUp = Atomic<Bool>(false)
    await #expect(throws: DeadlineThreadError.deadlineExceeded(what: "hang")) {
      _ = try await threads.perform("hang", subject: "a", deadline: .now + .milliseconds(100)) {
        isGivenUp in
        gate.pass()
        sawGivenUp.store(isGivenUp(), ordering: .releasing)
      }
    }
    #expect(threads.stuck.map(\.subject) == ["a"])
    let error = await #expect(throws: DeadlineThreadError.self) {
      _ = try await threads.perform("again", subject: "a", deadline: .now + .seconds(60)) { _ in }
    }
    #expect(error.map { "\($0)" }?.contains("hang of an earlier call") == true)
    // Others do not notice.
    _ = try await threads.perform("other", subject: "b", deadline: .now + .seconds(60)) { _ in }
    gate.release()
    #expect(try await eventually { threads.stuck == [] })
    let saw = sawGivenUp.load(ordering: .acquiring)
    #expect(saw)
    _ = try await threads.perform("again", subject: "a", deadline: .now + .seconds(60)) { _ in }
  }

  @Test("work beyond the limit waits for its turn until its deadline")
  func limit() async throws {
    let threads = try DeadlineThreads(name: "test", limit: 1)
    let gate = Gate()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        _ = try await threads.perform("first", subject: "a", deadline: .now + .seconds(60)) { _ in
          gate.pass()
        }
      }
      await #expect(throws: DeadlineThreadError.neverStarted(what: "late")) {
        // Whichever comes first has the thread; the gate holds only the first.
        try await Task.sleep(for: .milliseconds(300))
        _ = try await threads.perform("late", subject: "b", deadline: .now + .milliseconds(50)) {
          _ in
        }
      }
      gate.release()
      try await group.waitForAll()
    }
  }

  @Test("work for one subject runs one after another")
  func serial() async throws {
    /// How many run at a time, and how many ever did.
    final class Count: Sendable {
      private let state = Mutex((running: 0, most: 0))
      var most: Int { state.withLock { $0.most } }
      func begin() {
        state.withLock { state in
          state.running += 1
          state.most = max(state.most, state.running)
        }
      }
      func end() { state.withLock { $0.running -= 1 } }
    }
    let threads = try DeadlineThreads(name: "test", limit: 8)
    let count = Count()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<20 {
        group.addTask {
          _ = try await threads.perform("work", subject: "a", deadline: .now + .seconds(60)) { _ in
            count.begin()
            usleep(1000)
            count.end()
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(count.most == 1)
  }
}

import Glibc
import Synchronization
import Testing

@testable import Backends

@Suite("A pool's threads", .timeLimit(.minutes(2)))
struct PoolThreadsTests {
  /// Holds a thread up until it is opened.
  private final class Barrier: Sendable {
    private let isOpen = Atomic(false)
    let arrived = Atomic(0)

    func pass() {
      arrived.add(1, ordering: .relaxed)
      while !isOpen.load(ordering: .relaxed) { usleep(1000) }
    }

    func open() { isOpen.store(true, ordering: .relaxed) }
  }

  @Test("go on with everything else while as much is copied as can be at a time")
  func copying() async throws {
    let threads = try PoolThreads(name: "test", copies: 2)
    let barrier = Barrier()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<5 {
        group.addTask { try await threads.copy("copy", deadline: .ample) { barrier.pass() } }
      }
      while barrier.arrived.load(ordering: .relaxed) < 2 {
        try await Task.sleep(for: .milliseconds(1))
      }
      #expect(try await threads.perform("look", deadline: .ample) { 1 } == 1)
      #expect(try await threads.room("erase", deadline: .ample) { 2 } == 2)
      #expect(barrier.arrived.load(ordering: .relaxed) == 2)
      barrier.open()
      try await group.waitForAll()
    }
    #expect(barrier.arrived.load(ordering: .relaxed) == 5)
  }

  @Test("take the next copy wherever one has ended: nothing waits behind the longest")
  func oneQueue() async throws {
    let threads = try PoolThreads(name: "test", copies: 2)
    let long = Barrier()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await threads.copy("long", deadline: .ample) { long.pass() } }
      while long.arrived.load(ordering: .relaxed) < 1 {
        try await Task.sleep(for: .milliseconds(1))
      }
      for number in 0..<6 {
        #expect(try await threads.copy("short", deadline: .ample) { number } == number)
      }
      long.open()
      try await group.waitForAll()
    }
  }
}

import Synchronization
import Testing

@testable import Recovery

@Suite("A reconciler")
struct ReconcilerTests {
  /// What the work saw.
  private final class Seen: Sendable {
    struct State {
      var order: [String] = []
      var running: Set<String> = []
      var most = 0
      var overlapped = false
    }
    let state = Mutex(State())

    func begin(_ key: String) -> Int {
      state.withLock {
        $0.order.append(key)
        if !$0.running.insert(key).inserted { $0.overlapped = true }
        $0.most = max($0.most, $0.running.count)
        return $0.order.filter { $0 == key }.count
      }
    }

    func end(_ key: String) { state.withLock { _ = $0.running.remove(key) } }
    var order: [String] { state.withLock { $0.order } }
  }

  private func eventually(_ condition: () -> Bool) async -> Bool {
    for _ in 0..<2_500 where !condition() { try? await Task.sleep(for: .milliseconds(2)) }
    return condition()
  }

  private func running<K>(
    _ reconciler: Reconciler<K>, _ body: () async throws -> Void
  ) async rethrows {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await reconciler.run() }
      try await body()
      group.cancelAll()
    }
  }

  @Test("works on what was queued before it ran, in order")
  func order() async throws {
    let seen = Seen()
    let reconciler = Reconciler<String>(limit: 1) { key in
      _ = seen.begin(key)
      seen.end(key)
      return .settled
    }
    for key in ["a", "b", "a", "c", "b"] { reconciler.enqueue(key) }
    await running(reconciler) {
      #expect(await eventually { reconciler.busy == 0 })
      #expect(seen.order == ["a", "b", "c"])
    }
  }

  @Test("works on a key once more when it is queued meanwhile, never twice at a time")
  func coalesces() async throws {
    let seen = Seen()
    let reconciler = Reconciler<String>(limit: 4) { key in
      _ = seen.begin(key)
      try? await Task.sleep(for: .milliseconds(30))
      seen.end(key)
      return .settled
    }
    await running(reconciler) {
      reconciler.enqueue("a")
      #expect(await eventually { seen.order.count == 1 })
      for _ in 0..<50 { reconciler.enqueue("a") }
      #expect(await eventually { reconciler.busy == 0 })
      #expect(seen.order == ["a", "a"])
      #expect(!seen.state.withLock { $0.overlapped })
    }
  }

  @Test("works on no more keys at a time than its limit")
  func bounded() async throws {
    let seen = Seen()
    let reconciler = Reconciler<String>(limit: 3) { key in
      _ = seen.begin(key)
      try? await Task.sleep(for: .milliseconds(10))
      seen.end(key)
      return .settled
    }
    await running(reconciler) {
      for number in 0..<20 { reconciler.enqueue("\(number)") }
      #expect(await eventually { reconciler.busy == 0 })
      #expect(seen.order.count == 20)
      #expect(seen.state.withLock { $0.most } == 3)
    }
  }

  @Test("tries again after a while what is not settled, and at once when it is queued")
  func again() async throws {
    let seen = Seen()
    let reconciler = Reconciler<String>(limit: 2) { key in
      let times = seen.begin(key)
      seen.end(key)
      switch (key, times) {
      case ("soon", ..<3): return .again(after: .milliseconds(10))
      case ("late", 1): return .again(after: .seconds(3_600))
      default: return .settled
      }
    }
    await running(reconciler) {
      reconciler.enqueue("soon")
      reconciler.enqueue("late")
      #expect(await eventually { seen.order.filter { $0 == "soon" }.count == 3 })
      #expect(seen.order.filter { $0 == "late" }.count == 1)
      reconciler.enqueue("late")
      #expect(await eventually { seen.order.filter { $0 == "late" }.count == 2 })
    }
  }

  @Test(
    "keeps one task for a key that waits to be tried again, however often it is queued meanwhile")
  func oneSleeper() async throws {
    let seen = Seen()
    let reconciler = Reconciler<String>(limit: 2) { key in
      let times = seen.begin(key)
      seen.end(key)
      return .again(after: .seconds(3_600 + times))
    }
    await running(reconciler) {
      for round in 1...100 {
        reconciler.enqueue("a")
        reconciler.enqueue("b")
        #expect(await eventually { reconciler.busy == 0 && seen.order.count == 2 * round })
      }
      #expect(await eventually { reconciler.tasks == 2 })
    }
    #expect(reconciler.tasks == 0)
  }

  @Test("tries again at the nearer time when a retry has come nearer, and then no more")
  func nearer() async throws {
    let seen = Seen()
    let reconciler = Reconciler<String>(limit: 1) { key in
      let times = seen.begin(key)
      seen.end(key)
      return switch times {
      case 1: .again(after: .seconds(3_600))
      case 2: .again(after: .milliseconds(10))
      default: .settled
      }
    }
    await running(reconciler) {
      reconciler.enqueue("a")
      #expect(await eventually { seen.order.count == 1 && reconciler.busy == 0 })
      reconciler.enqueue("a")
      #expect(await eventually { seen.order.count == 3 && reconciler.busy == 0 })
      try? await Task.sleep(for: .milliseconds(50))
      #expect(seen.order.count == 3)
    }
  }

  @Test("leaves alone what was settled while a task slept for its retry")
  func settledMeanwhile() async throws {
    let seen = Seen()
    let reconciler = Reconciler<String>(limit: 1) { key in
      let times = seen.begin(key)
      seen.end(key)
      return times == 1 ? .again(after: .milliseconds(100)) : .settled
    }
    await running(reconciler) {
      reconciler.enqueue("a")
      #expect(await eventually { seen.order.count == 1 && reconciler.busy == 0 })
      reconciler.enqueue("a")
      #expect(await eventually { seen.order.count == 2 && reconciler.tasks == 0 })
      #expect(seen.order.count == 2)
    }
  }
}

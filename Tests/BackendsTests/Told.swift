import Synchronization

/// What a `Progress` was told.
final class Told: Sendable {
  private let calls = Mutex<[(done: Int64, total: Int64)]>([])

  var all: [(done: Int64, total: Int64)] { calls.withLock { $0 } }

  func add(_ done: Int64, _ total: Int64) { calls.withLock { $0.append((done, total)) } }
}

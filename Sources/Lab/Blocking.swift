import Foundation
import Synchronization

/// Runs `body`, which may wait for a device, on a thread of its own, and gives up waiting for it after
/// `limit`: the thread then stays until the kernel lets it go, and what it returns is dropped.
public func onThread<R: Sendable>(
  within limit: Duration, _ what: String, _ body: @escaping @Sendable () throws -> R
) async throws -> R {
  let outcome = Outcome<R>()
  let thread = Thread { outcome.set(Result { try body() }) }
  thread.name = "lab-blocking"
  thread.start()
  try await eventually(within: limit, what) { outcome.isSet }
  return try outcome.take()
}

/// Where a thread leaves what came of its work.
private final class Outcome<R: Sendable>: Sendable {
  private let result = Mutex<Result<R, any Error>?>(nil)

  var isSet: Bool { result.withLock { $0 != nil } }

  func set(_ new: Result<R, any Error>) { result.withLock { $0 = new } }

  func take() throws -> R {
    guard let result = result.withLock({ $0 }) else { throw LabError("the thread is not done") }
    return try result.get()
  }
}

internal import Synchronization

/// Whether the backend has its exports back, so that it may be asked for anything else.
final class Readiness: Sendable {
  private enum State {
    case ready
    case not(why: String)
  }
  private let state = Mutex(State.not(why: "the controller is starting"))

  /// Why it may not; nil when it may.
  var obstacle: String? {
    guard case .not(let why) = state.withLock({ $0 }) else { return nil }
    return "the storage is not ready: \(why)"
  }

  /// Fails with `unavailable` and the reason as long as it may not.
  func check() throws(DriverError) {
    if let obstacle { throw DriverError(.unavailable, obstacle) }
  }

  /// From now on it may.
  func begin() { state.withLock { $0 = .ready } }

  /// It may not yet.
  func delay(_ why: String) { state.withLock { $0 = .not(why: why) } }
}

internal import Synchronization

/// Whether calls are answered on the socket, for `/readyz`. It says nothing about targets: an outage of
/// one is no reason to take the plugin out of service.
final class ServingState: Sendable {
  private enum Phase { case starting, serving, stopping }
  private let phase = Mutex(Phase.starting)

  /// Calls are answered from now on.
  func begin() { phase.withLock { if $0 == .starting { $0 = .serving } } }

  /// No new calls are taken any more.
  func end() { phase.withLock { $0 = .stopping } }

  /// Why no calls are answered; nil: they are.
  var problem: String? {
    switch phase.withLock({ $0 }) {
    case .starting: "the socket is not served yet"
    case .serving: nil
    case .stopping: "the plugin is stopping"
    }
  }
}

public import NVMe

/// How a volume is, and what that means for whoever uses it.
public enum RecoveryState: Hashable, Sendable {
  /// Every path is live and everything is in place.
  case healthy
  /// At least one path is live, and these portals have none.
  case degraded(missing: [TransportAddress])
  /// No path is live; the kernel retries, and I/O waits. It is left alone.
  case reconnecting
  /// The kernel has given every controller up: connect again, with the same identity.
  case lost
  /// The namespace came back under another device number: mounts and nodes lead nowhere.
  case renumbered
  /// The file system has shut itself off after an error.
  case failed(String)
  /// The same, and somebody keeps it mounted, so that it cannot be repaired: only a restart of whoever
  /// holds it helps.
  case held(String)
  /// Mounts or nodes that should be there are not.
  case incomplete
  /// The paths are live, and the namespace is not there (any more).
  case absent
  /// Something else is served under the volume's name: nothing of it is touched. Device nodes of ours
  /// that lead to it are made to lead nowhere.
  case foreign(String)
  /// What cannot be judged is not acted upon.
  case unknown(String)

  /// The state's name, for metrics and logs.
  public var name: String {
    switch self {
    case .healthy: "healthy"
    case .degraded: "degraded"
    case .reconnecting: "reconnecting"
    case .lost: "lost"
    case .renumbered: "renumbered"
    case .failed: "failed"
    case .held: "held"
    case .incomplete: "incomplete"
    case .absent: "absent"
    case .foreign: "foreign"
    case .unknown: "unknown"
    }
  }

  /// Every name that `name` may give.
  public static let names = [
    "healthy", "degraded", "reconnecting", "lost", "renumbered", "failed", "held", "incomplete",
    "absent", "foreign", "unknown",
  ]
}

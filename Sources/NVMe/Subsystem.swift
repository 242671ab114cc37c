/// A subsystem as this host sees it.
public struct Subsystem: Hashable, Sendable {
  /// `nvme-subsys0`
  public let name: String
  /// Its NQN.
  public let nqn: String
  /// The paths to it, of every host identity.
  public let controllers: [Controller]
  /// Its disks.
  public let namespaces: [Namespace]
}

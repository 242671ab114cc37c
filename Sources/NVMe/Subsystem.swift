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

  /// A subsystem that was not read from sysfs: for those who plan with it.
  public init(name: String, nqn: String, controllers: [Controller], namespaces: [Namespace]) {
    self.name = name
    self.nqn = nqn
    self.controllers = controllers
    self.namespaces = namespaces
  }
}

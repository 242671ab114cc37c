/// Whose volumes and snapshots a pool holds: only a pool that carries this is used.
public struct PoolOwner: Hashable, Sendable {
  /// The driver's name.
  public var driver: String
  /// The cluster's id.
  public var cluster: String

  /// Both.
  public init(driver: String, cluster: String) {
    self.driver = driver
    self.cluster = cluster
  }
}

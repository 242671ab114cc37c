/// What the controller service was told.
public struct ControllerConfiguration: Sendable {
  /// Tells this cluster's volumes from others' on the same storage. Must never change.
  public var clusterID: String
  /// Of a volume that is created without a size.
  public var defaultSize: Int64 = 1 << 30
  /// From where the volumes can be reached; empty: from everywhere.
  public var topology: [String: String] = [:]
  /// How long a leftover must have been seen before it is removed.
  public var garbageGrace: Duration = .seconds(600)
  /// Leftovers are only logged.
  public var garbageDryRun = false
  /// How often unfinished work and leftovers are looked for.
  public var upkeepInterval: Duration = .seconds(60)

  /// The rest has defaults.
  public init(clusterID: String) { self.clusterID = clusterID }
}

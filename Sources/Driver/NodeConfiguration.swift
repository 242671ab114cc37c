/// What the node service was told about the machine it runs on.
public struct NodeConfiguration: Sendable {
  /// The Kubernetes node name; decides the host identity.
  public var nodeID: String
  /// Nothing outside it is ever mounted over, unmounted or unlinked.
  public var kubeletDirectory: KubeletDirectory
  /// For NodeGetInfo; 0 lets the orchestrator decide.
  public var maximumVolumes: Int64 = 0
  /// For NodeGetInfo; empty: the volumes are reachable from everywhere.
  public var topology: [String: String] = [:]
  /// Seconds for which the kernel keeps a volume's disk once its last controller is gone; 0: not at all.
  ///
  /// The kernel counts them in ticks, in 32 bits (delayed_removal_secs * HZ,
  /// drivers/nvme/host/multipath.c): more than `longestRemovalDelay` would overflow.
  public var removalDelay: UInt32 = 600
  /// The length of an outage after which NodeUnstageVolume gives up what was not flushed; nil: never.
  public var forcedTeardownAfter: Duration? = .seconds(600)

  /// With 1000 ticks a second, the most that Linux has.
  public static var longestRemovalDelay: UInt32 { .max / 1_000 }

  /// The rest has defaults.
  public init(nodeID: String, kubeletDirectory: KubeletDirectory) {
    self.nodeID = nodeID
    self.kubeletDirectory = kubeletDirectory
  }
}

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

  /// The rest has defaults.
  public init(nodeID: String, kubeletDirectory: KubeletDirectory) {
    self.nodeID = nodeID
    self.kubeletDirectory = kubeletDirectory
  }
}

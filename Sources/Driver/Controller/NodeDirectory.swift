/// Knows which nodes there are.
protocol NodeDirectory: Sendable {
  /// Whether the cluster has, or may have, a node of this id. Fails when that cannot be told now.
  func knows(_ node: String) async throws(DriverError) -> Bool
}

/// The nodes that the command line names; none named: every one is taken for a node.
struct ConfiguredNodes: NodeDirectory {
  /// nil: any.
  let nodes: Set<String>?

  func knows(_ node: String) -> Bool { nodes?.contains(node) ?? true }
}

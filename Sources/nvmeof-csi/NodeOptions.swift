import ArgumentParser
import Driver

/// What the node service needs.
struct NodeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "This node's name in Kubernetes; also decides the host NQN.", valueName: "name"))
  var nodeID: String

  @Option(
    help: ArgumentHelp(
      "The kubelet's directory; paths outside it are refused.", valueName: "directory"))
  var kubeletDir = "/var/lib/kubelet"

  @Option(
    help: ArgumentHelp(
      "Volumes this node can hold, for the scheduler; 0 sets no limit.", valueName: "count"))
  var maxVolumes: Int64 = 0

  func validate() throws {
    guard !nodeID.isEmpty, nodeID.utf8.count <= 253 else {
      throw ValidationError("--node-id must have 1 to 253 bytes")
    }
    guard maxVolumes >= 0 else { throw ValidationError("--max-volumes must not be negative") }
  }

  /// The service's part of the plugin.
  func part(topology: [String: String], stateDirectory: String) throws -> Plugin.NodePart {
    var node = NodeConfiguration(
      nodeID: nodeID, kubeletDirectory: try KubeletDirectory(kubeletDir))
    node.maximumVolumes = maxVolumes
    node.topology = topology
    return Plugin.NodePart(node, stateDirectory: stateDirectory)
  }
}

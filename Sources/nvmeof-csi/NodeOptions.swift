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

  @Option(
    help: ArgumentHelp(
      """
      How long an outage of the target must last before NodeUnstageVolume tears a volume down without \
      it; what had not reached the target is lost then. 'off' waits for the target for ever.
      """, valueName: "seconds"))
  var forcedTeardownAfter: Patience = .seconds(600)

  @Option(
    help: ArgumentHelp(
      """
      How long the kernel keeps a volume's disk, and the I/O that waits for it, once the last \
      controller is gone (delayed_removal_secs, Linux 6.16 and later); 0: not at all. Volumes with a \
      ctrlLossTmo or fastIoFailTmo of their own are not affected.
      """, valueName: "seconds"))
  var delayedRemovalSecs: UInt32 = 600

  func validate() throws {
    // No volume is published to any other.
    guard (1...253).contains(nodeID.utf8.count),
      nodeID.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
    else { throw ValidationError("--node-id must have 1 to 253 graphic ASCII characters") }
    guard delayedRemovalSecs <= NodeConfiguration.longestRemovalDelay else {
      throw ValidationError(
        "--delayed-removal-secs must not exceed \(NodeConfiguration.longestRemovalDelay)")
    }
    guard maxVolumes >= 0 else { throw ValidationError("--max-volumes must not be negative") }
  }

  /// The service's part of the plugin.
  func part(topology: [String: String], stateDirectory: String) throws -> Plugin.NodePart {
    var node = NodeConfiguration(
      nodeID: nodeID, kubeletDirectory: try KubeletDirectory(kubeletDir))
    node.maximumVolumes = maxVolumes
    node.topology = topology
    node.removalDelay = delayedRemovalSecs
    node.forcedTeardownAfter = forcedTeardownAfter.duration
    return Plugin.NodePart(node, stateDirectory: stateDirectory)
  }
}

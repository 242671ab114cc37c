import ArgumentParser

/// `nvmeof-csi all`: serves Identity, Node and Controller on one socket.
struct AllCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "all",
    abstract: "Serve the CSI Identity, Node and Controller services on one socket.",
    discussion: """
      For one machine that is both, and for tests: everything that `nvmeof-csi node` and \
      `nvmeof-csi controller` need. The own node is known; name others with --node.

      Example:
        nvmeof-csi all --node-id "$(hostname)" --cluster-id lab --pool-dir /srv/volumes \\
          --portals 127.0.0.1:4420
      """)

  @OptionGroup var serving: ServingOptions
  @OptionGroup(title: "Node") var node: NodeOptions
  @OptionGroup(title: "Controller") var controller: ControllerOptions

  @Option(
    help: ArgumentHelp(
      """
      Where the stage records live, in 'state', and the records of volumes and snapshots, in \
      'controller'. Must survive everything; default: <kubelet-dir>/plugins/<driver-name>.
      """, valueName: "directory"))
  var stateDir: String?

  func run() async throws {
    let directory = stateDir ?? "\(node.kubeletDir)/plugins/\(serving.driverName)"
    let topology = try serving.segments()
    try await serving.serve(
      node: try node.part(topology: topology, stateDirectory: "\(directory)/state"),
      controller: try controller.part(
        topology: topology, stateDirectory: "\(directory)/controller", ownNode: node.nodeID))
  }
}

import ArgumentParser

/// `nvmeof-csi node`: serves csi.v1.Identity and csi.v1.Node on this machine.
struct NodeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "node",
    abstract: "Serve the CSI Identity and Node services on this machine.",
    discussion: """
      Runs in the foreground until SIGTERM or SIGINT. Needs root, the nvme-cli, e2fsprogs, xfsprogs \
      and util-linux programs on PATH, and the host's network namespace (the kernel's NVMe/TCP \
      connections live in the network namespace they are made from).

      Example:
        nvmeof-csi node --endpoint unix:///csi/csi.sock --node-id "$(hostname)"
      """)

  @OptionGroup var serving: ServingOptions
  @OptionGroup var node: NodeOptions

  @Option(
    help: ArgumentHelp(
      """
      Where the stage records live. Must survive restarts and reboots; default: \
      <kubelet-dir>/plugins/<driver-name>/state.
      """, valueName: "directory"))
  var stateDir: String?

  func run() async throws {
    try await serving.serve(
      node: try node.part(
        topology: try serving.segments(),
        stateDirectory: stateDir ?? "\(node.kubeletDir)/plugins/\(serving.driverName)/state"),
      controller: nil)
  }
}

import ArgumentParser
import CSITool

/// `nvmeof-csi`: the CSI driver and its tools.
@main
struct NVMeoFCSI: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "nvmeof-csi",
    abstract: "The NVMe-over-Fabrics CSI driver for Kubernetes.",
    version: version,
    subcommands: [
      NodeCommand.self, ControllerCommand.self, AllCommand.self, StatusCommand.self,
      CSICommand.self,
    ])

  /// The driver's own version, for GetPluginInfo and `--version`.
  static let version = "0.1.0"
}

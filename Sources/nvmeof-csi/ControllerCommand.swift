import ArgumentParser

/// `nvmeof-csi controller`: serves csi.v1.Identity and csi.v1.Controller.
struct ControllerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "controller",
    abstract: "Serve the CSI Identity and Controller services.",
    discussion: """
      Runs in the foreground until SIGTERM or SIGINT. With --backend nvmet it runs on the machine that \
      holds the storage, as root, with configfs mounted and the kernel's nvmet and nvmet-tcp modules. \
      At start it makes every export be there again before a port listens, so that nodes that wait for \
      the target find what they had.

      Only one controller works with one state directory at a time; a second one refuses to start.

      Examples:
        nvmeof-csi controller --cluster-id lab --pool-dir /srv/volumes --portals 192.0.2.1:4420
        nvmeof-csi controller --cluster-id lab --backend static
      """)

  @OptionGroup var serving: ServingOptions
  @OptionGroup var controller: ControllerOptions

  @Option(
    help: ArgumentHelp(
      "Where the records of volumes and snapshots live. Must survive everything, as volumes do.",
      valueName: "directory"))
  var stateDir = ControllerCommand.defaultStateDirectory

  static let defaultStateDirectory = "/var/lib/nvmeof-csi/controller"

  func run() async throws {
    try await serving.serve(
      node: nil,
      controller: try controller.part(
        topology: try serving.segments(), stateDirectory: stateDir))
  }
}

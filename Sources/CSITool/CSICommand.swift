public import ArgumentParser

/// `nvmeof-csi csi`: a client for any CSI driver's socket.
public struct CSICommand: AsyncParsableCommand {
  /// Its name, its help and its subcommands.
  public static let configuration = CommandConfiguration(
    commandName: "csi",
    abstract: "Call a CSI driver on its socket.",
    discussion: """
      Works with every CSI driver: it knows of messages what csi.proto of CSI 1.12 says. The answer \
      is a table for people, or JSON with --json.

      Exit codes: 0 the call succeeded; 1 it failed, and 'CODE: message' is on stderr; 64 the \
      command line or the request is wrong, and nothing was sent.

      Examples:
        nvmeof-csi csi identity info
        nvmeof-csi csi node capabilities --endpoint unix:///csi/csi.sock --json
        nvmeof-csi csi controller create-volume --name db-0 --required-bytes 10GiB
        nvmeof-csi csi call Controller/ListVolumes --request '{"max_entries": 10}'
      """,
    subcommands: [
      IdentityCommands.self, ControllerCommands.self, NodeCommands.self, CallCommand.self,
      MethodsCommand.self,
    ])

  /// Reads its fields from the command line.
  public init() {}
}

import ArgumentParser
import Lab
import NVMe

/// `nvmeof-csi-lab host`
struct HostCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "host", abstract: "Say who may connect to a volume.",
    subcommands: [Allow.self, Disallow.self])

  /// Whom, to what.
  struct Access: ParsableArguments {
    @Argument(help: "The volume.")
    var name: String

    @Argument(help: "The host's NQN.")
    var hostNQN: String

    func validate() throws {
      do { _ = try NQN(hostNQN) } catch { throw ValidationError(error.description) }
    }
  }

  struct Allow: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Let a host connect.")

    @OptionGroup var access: Access

    func run() throws { try LabCommand.catalog().allow(access.hostNQN, access.name) }
  }

  struct Disallow: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Let a host connect no more; a connection that it has goes on until it is lost.")

    @OptionGroup var access: Access

    func run() throws { try LabCommand.catalog().disallow(access.hostNQN, access.name) }
  }
}

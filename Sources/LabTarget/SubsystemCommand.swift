import ArgumentParser
import Foundation
import Lab

/// `nvmeof-csi-lab subsystem`
struct SubsystemCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "subsystem", abstract: "Remove a volume's subsystem, and make it anew.",
    subcommands: [Remove.self, Recreate.self])

  struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Remove the subsystem, as a target that lost its configuration; the bytes stay.")

    @Argument(help: "The volume.")
    var name: String

    func run() throws { try LabCommand.catalog().removeSubsystem(name) }
  }

  struct Recreate: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make the subsystem anew over the same bytes, exported where it was.",
      discussion: """
        With another --uuid it is another volume under an old name, which a driver must not touch.
        """)

    @Argument(help: "The volume.")
    var name: String

    @Option(
      help: ArgumentHelp("The namespace's new UUID; default: the old one.", valueName: "uuid"))
    var uuid: String?

    func validate() throws {
      if let uuid, UUID(uuidString: uuid) == nil { throw ValidationError("'\(uuid)' is no UUID") }
    }

    func run() throws { try LabCommand.catalog().recreateSubsystem(name, uuid: uuid) }
  }
}

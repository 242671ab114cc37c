import ArgumentParser
import Lab

/// `nvmeof-csi-lab port`
struct PortCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "port", abstract: "Stop and resume exporting a volume.",
    subcommands: [Down.self, Up.self])

  /// Which portals of which volume.
  struct Choice: ParsableArguments {
    @Argument(help: "The volume.")
    var name: String

    @Option(
      help: ArgumentHelp(
        "One portal, by number: 1 is 127.0.0.2; default: all of the volume's.", valueName: "number"
      ))
    var portal: Int?

    func resolve() throws -> (TargetVolume, TargetVolume.Portal?) {
      let volume = try LabCommand.catalog().volume(name)
      guard let portal else { return (volume, nil) }
      guard let found = volume.portals.first(where: { $0.id == portal }) else {
        let known = volume.portals.map { String($0.id) }.joined(separator: ", ")
        throw LabError("'\(name)' has no portal \(portal); it has \(known)")
      }
      return (volume, found)
    }
  }

  struct Down: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Stop exporting a volume: its connections are lost, its hosts keep trying.")

    @OptionGroup var choice: Choice

    func run() throws {
      let (volume, portal) = try choice.resolve()
      try volume.portDown(portal)
    }
  }

  struct Up: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Export it again: its hosts come back by themselves.")

    @OptionGroup var choice: Choice

    func run() throws {
      let (volume, portal) = try choice.resolve()
      try volume.portUp(portal)
    }
  }
}

import ArgumentParser
import Lab

/// `nvmeof-csi-lab network`
struct NetworkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "network", abstract: "Break the guest's network, and mend it.",
    subcommands: [Drop.self, Restore.self, Cut.self])

  struct Drop: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lose every packet: connections stall and are not closed.")

    func run() throws {
      try LabCommand.requireLab()
      try LabNetwork.drop()
    }
  }

  struct Restore: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Let packets through again.")

    func run() throws {
      try LabCommand.requireLab()
      try LabNetwork.restore()
    }
  }

  struct Cut: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Destroy the connections to a volume's portals; its hosts connect again.",
      discussion: "Volumes that share a portal lose theirs as well.")

    @Argument(help: "The volume.")
    var name: String

    func run() throws {
      for portal in try LabCommand.catalog().volume(name).portals { try LabNetwork.cut(portal) }
    }
  }
}

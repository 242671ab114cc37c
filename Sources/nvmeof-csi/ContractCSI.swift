import ArgumentParser

struct CSICommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "csi")
}

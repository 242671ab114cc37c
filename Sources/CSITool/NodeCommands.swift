internal import ArgumentParser
internal import JSON
internal import ProtobufC

/// `csi node`
struct NodeCommands: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "node", abstract: "Volumes on the driver's node.",
    subcommands: [
      Stage.self, Unstage.self, Publish.self, Unpublish.self, Stats.self, Expand.self,
      Capabilities.self, Info.self,
    ])

  struct Capabilities: Call {
    static let configuration = CommandConfiguration(
      commandName: "capabilities", abstract: "What the node service can do (NodeGetCapabilities).")
    @OptionGroup var options: CallOptions

    func method() throws(UsageError) -> ServiceDescriptor.Method {
      try Methods.find("Node/NodeGetCapabilities")
    }
    func fill(_ request: inout JSONObject) throws(UsageError) {}
  }

  struct Info: Call {
    static let configuration = CommandConfiguration(
      commandName: "info", abstract: "The node's name, limit and topology (NodeGetInfo).")
    @OptionGroup var options: CallOptions

    func method() throws(UsageError) -> ServiceDescriptor.Method {
      try Methods.find("Node/NodeGetInfo")
    }
    func fill(_ request: inout JSONObject) throws(UsageError) {}
  }
}

internal import ArgumentParser
internal import JSON
internal import ProtobufC

extension ControllerCommands {
  struct Publish: Call {
    static let configuration = CommandConfiguration(
      commandName: "publish", abstract: "Let a node reach a volume (ControllerPublishVolume).")
    @OptionGroup var options: CallOptions
    @Option(help: ArgumentHelp("The volume.", valueName: "id")) var volumeID: String?
    @Option(help: ArgumentHelp("The node, as 'csi node info' names it.", valueName: "id"))
    var nodeID: String?
    @Flag(help: "The node may only read.") var readonly = false
    @OptionGroup var context: VolumeContextOptions
    @OptionGroup var capability: CapabilityOptions
    @OptionGroup var secrets: SecretsOptions

    func method() throws(UsageError) -> ServiceDescriptor.Method {
      try Methods.find("Controller/ControllerPublishVolume")
    }

    func fill(_ request: inout JSONObject) throws(UsageError) {
      request.set("volumeId", volumeID)
      request.set("nodeId", nodeID)
      if readonly { request["readonly"] = true }
      context.fill(&request)
      try capability.fill(&request, always: true)
      try secrets.fill(&request)
    }
  }

  struct Unpublish: Call {
    static let configuration = CommandConfiguration(
      commandName: "unpublish", abstract: "Undo publish (ControllerUnpublishVolume).")
    @OptionGroup var options: CallOptions
    @Option(help: ArgumentHelp("The volume.", valueName: "id")) var volumeID: String?
    @Option(help: ArgumentHelp("The node; without it, all nodes.", valueName: "id"))
    var nodeID: String?
    @OptionGroup var secrets: SecretsOptions

    func method() throws(UsageError) -> ServiceDescriptor.Method {
      try Methods.find("Controller/ControllerUnpublishVolume")
    }

    func fill(_ request: inout JSONObject) throws(UsageError) {
      request.set("volumeId", volumeID)
      request.set("nodeId", nodeID)
      try secrets.fill(&request)
    }
  }
}

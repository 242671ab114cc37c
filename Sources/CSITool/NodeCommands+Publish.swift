internal import ArgumentParser
internal import JSON
internal import ProtobufC

extension NodeCommands {
  struct Publish: Call {
    static let configuration = CommandConfiguration(
      commandName: "publish", abstract: "Give a staged volume to a pod (NodePublishVolume).")
    @OptionGroup var options: CallOptions
    @Option(help: ArgumentHelp("The volume.", valueName: "id")) var volumeID: String?
    @Option(help: ArgumentHelp("Where it is staged.", valueName: "path")) var stagingPath: String?
    @Option(help: ArgumentHelp("Where to publish it.", valueName: "path")) var targetPath: String?
    @Flag(help: "The pod may only read.") var readonly = false
    @OptionGroup var context: ContextOptions
    @OptionGroup var capability: CapabilityOptions
    @OptionGroup var secrets: SecretsOptions

    func method() throws(UsageError) -> ServiceDescriptor.Method {
      try Methods.find("Node/NodePublishVolume")
    }

    func fill(_ request: inout JSONObject) throws(UsageError) {
      request.set("volumeId", volumeID)
      request.set("stagingTargetPath", stagingPath)
      request.set("targetPath", targetPath)
      if readonly { request["readonly"] = true }
      context.fill(&request)
      try capability.fill(&request, always: true)
      try secrets.fill(&request)
    }
  }

  struct Unpublish: Call {
    static let configuration = CommandConfiguration(
      commandName: "unpublish", abstract: "Undo publish (NodeUnpublishVolume).")
    @OptionGroup var options: CallOptions
    @Option(help: ArgumentHelp("The volume.", valueName: "id")) var volumeID: String?
    @Option(help: ArgumentHelp("Where it is published.", valueName: "path")) var targetPath: String?

    func method() throws(UsageError) -> ServiceDescriptor.Method {
      try Methods.find("Node/NodeUnpublishVolume")
    }

    func fill(_ request: inout JSONObject) throws(UsageError) {
      request.set("volumeId", volumeID)
      request.set("targetPath", targetPath)
    }
  }
}

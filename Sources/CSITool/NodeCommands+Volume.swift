internal import ArgumentParser
internal import JSON
internal import ProtobufC

extension NodeCommands {
  struct Stats: Call {
    static let configuration = CommandConfiguration(
      commandName: "stats", abstract: "How full a volume is and how it is (NodeGetVolumeStats).")
    @OptionGroup var options: CallOptions
    @Option(help: ArgumentHelp("The volume.", valueName: "id")) var volumeID: String?
    @Option(help: ArgumentHelp("Where it is published or staged.", valueName: "path"))
    var volumePath: String?
    @Option(help: ArgumentHelp("Where it is staged.", valueName: "path")) var stagingPath: String?

    func method() throws(UsageError) -> ServiceDescriptor.Method {
      try Methods.find("Node/NodeGetVolumeStats")
    }

    func fill(_ request: inout JSONObject) throws(UsageError) {
      request.set("volumeId", volumeID)
      request.set("volumePath", volumePath)
      request.set("stagingTargetPath", stagingPath)
    }
  }

  struct Expand: Call {
    static let configuration = CommandConfiguration(
      commandName: "expand", abstract: "Make a grown volume's size usable (NodeExpandVolume).")
    @OptionGroup var options: CallOptions
    @Option(help: ArgumentHelp("The volume.", valueName: "id")) var volumeID: String?
    @Option(help: ArgumentHelp("Where it is published or staged.", valueName: "path"))
    var volumePath: String?
    @Option(help: ArgumentHelp("Where it is staged.", valueName: "path")) var stagingPath: String?
    @OptionGroup var capacity: CapacityOptions
    @OptionGroup var capability: CapabilityOptions
    @OptionGroup var secrets: SecretsOptions

    func method() throws(UsageError) -> ServiceDescriptor.Method {
      try Methods.find("Node/NodeExpandVolume")
    }

    func fill(_ request: inout JSONObject) throws(UsageError) {
      request.set("volumeId", volumeID)
      request.set("volumePath", volumePath)
      request.set("stagingTargetPath", stagingPath)
      capacity.fill(&request)
      try capability.fill(&request, always: false)
      try secrets.fill(&request)
    }
  }
}

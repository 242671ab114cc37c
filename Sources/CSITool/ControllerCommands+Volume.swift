internal import ArgumentParser
internal import JSON
internal import ProtobufC

extension ControllerCommands {
  struct ListVolumes: Call {
    static let configuration = CommandConfiguration(
      commandName: "list-volumes", abstract: "The volumes, where and how they are (ListVolumes).")
    @OptionGroup var options: CallOptions
    @OptionGroup var page: PageOptions

    func method() throws(UsageError) -> ServiceDescriptor.Method {
      try Methods.find("Controller/ListVolumes")
    }

    func fill(_ request: inout JSONObject) throws(UsageError) { page.fill(&request) }
  }

  struct GetVolume: Call {
    static let configuration = CommandConfiguration(
      commandName: "get-volume", abstract: "One volume as it is now (ControllerGetVolume).")
    @OptionGroup var options: CallOptions
    @Option(help: ArgumentHelp("The volume.", valueName: "id")) var volumeID: String?

    func method() throws(UsageError) -> ServiceDescriptor.Method {
      try Methods.find("Controller/ControllerGetVolume")
    }

    func fill(_ request: inout JSONObject) throws(UsageError) { request.set("volumeId", volumeID) }
  }

  struct Validate: Call {
    static let configuration = CommandConfiguration(
      commandName: "validate",
      abstract: "Whether a volume can be accessed in some way (ValidateVolumeCapabilities).")
    @OptionGroup var options: CallOptions
    @Option(help: ArgumentHelp("The volume.", valueName: "id")) var volumeID: String?
    @OptionGroup var context: VolumeContextOptions
    @OptionGroup var parameters: ParameterOptions
    @OptionGroup var mutable: MutableParameterOptions
    @OptionGroup var capability: CapabilityOptions
    @OptionGroup var secrets: SecretsOptions

    func method() throws(UsageError) -> ServiceDescriptor.Method {
      try Methods.find("Controller/ValidateVolumeCapabilities")
    }

    func fill(_ request: inout JSONObject) throws(UsageError) {
      request.set("volumeId", volumeID)
      context.fill(&request)
      parameters.fill(&request)
      mutable.fill(&request)
      try capability.fillList(&request, always: true)
      try secrets.fill(&request)
    }
  }

  struct Expand: Call {
    static let configuration = CommandConfiguration(
      commandName: "expand", abstract: "Make a volume larger (ControllerExpandVolume).")
    @OptionGroup var options: CallOptions
    @Option(help: ArgumentHelp("The volume.", valueName: "id")) var volumeID: String?
    @OptionGroup var capacity: CapacityOptions
    @OptionGroup var capability: CapabilityOptions
    @OptionGroup var secrets: SecretsOptions

    func method() throws(UsageError) -> ServiceDescriptor.Method {
      try Methods.find("Controller/ControllerExpandVolume")
    }

    func fill(_ request: inout JSONObject) throws(UsageError) {
      request.set("volumeId", volumeID)
      capacity.fill(&request)
      try capability.fill(&request, always: false)
      try secrets.fill(&request)
    }
  }

  struct Modify: Call {
    static let configuration = CommandConfiguration(
      commandName: "modify",
      abstract: "Change a volume's mutable parameters (ControllerModifyVolume).")
    @OptionGroup var options: CallOptions
    @Option(help: ArgumentHelp("The volume.", valueName: "id")) var volumeID: String?
    @OptionGroup var mutable: MutableParameterOptions
    @OptionGroup var secrets: SecretsOptions

    func method() throws(UsageError) -> ServiceDescriptor.Method {
      try Methods.find("Controller/ControllerModifyVolume")
    }

    func fill(_ request: inout JSONObject) throws(UsageError) {
      request.set("volumeId", volumeID)
      mutable.fill(&request)
      try secrets.fill(&request)
    }
  }
}

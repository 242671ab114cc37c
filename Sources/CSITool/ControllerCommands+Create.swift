internal import ArgumentParser
internal import JSON
internal import ProtobufC

extension ControllerCommands {
  struct CreateVolume: Call {
    static let configuration = CommandConfiguration(
      commandName: "create-volume", abstract: "Make a volume (CreateVolume).",
      discussion: """
        The same name is the same volume: the call can be repeated.

        Examples:
          nvmeof-csi csi controller create-volume --name db-0 \\
            --required-bytes 10.25GiB --parameter transport=tcp --fs-type xfs
          nvmeof-csi csi controller create-volume --name copy --from-volume ID
        """)
    @OptionGroup var options: CallOptions
    @Option(help: ArgumentHelp("What to call it.", valueName: "name")) var name: String?
    @OptionGroup var capacity: CapacityOptions
    @OptionGroup var parameters: ParameterOptions
    @OptionGroup var mutable: MutableParameterOptions
    @Option(help: ArgumentHelp("A snapshot that it is to begin as.", valueName: "id"))
    var fromSnapshot: String?
    @Option(help: ArgumentHelp("A volume that it is to begin as.", valueName: "id"))
    var fromVolume: String?
    @OptionGroup var topology: TopologyOptions
    @OptionGroup var capability: CapabilityOptions
    @OptionGroup var secrets: SecretsOptions

    func method() throws(UsageError) -> ServiceDescriptor.Method {
      try Methods.find("Controller/CreateVolume")
    }

    func fill(_ request: inout JSONObject) throws(UsageError) {
      request.set("name", name)
      capacity.fill(&request)
      parameters.fill(&request)
      mutable.fill(&request)
      switch (fromSnapshot, fromVolume) {
      case (nil, nil): break
      case (let snapshot?, nil):
        request["volumeContentSource"] = ["snapshot": ["snapshotId": .string(snapshot)]]
      case (nil, let volume?):
        request["volumeContentSource"] = ["volume": ["volumeId": .string(volume)]]
      case (_?, _?):
        throw UsageError("--from-snapshot and --from-volume: a volume begins as one thing only")
      }
      if let topology = topology.json {
        request["accessibilityRequirements"] = ["requisite": [topology], "preferred": [topology]]
      }
      try capability.fillList(&request, always: true)
      try secrets.fill(&request)
    }
  }

  struct DeleteVolume: Call {
    static let configuration = CommandConfiguration(
      commandName: "delete-volume", abstract: "Remove a volume and what it holds (DeleteVolume).")
    @OptionGroup var options: CallOptions
    @Option(help: ArgumentHelp("The volume.", valueName: "id")) var volumeID: String?
    @OptionGroup var secrets: SecretsOptions

    func method() throws(UsageError) -> ServiceDescriptor.Method {
      try Methods.find("Controller/DeleteVolume")
    }

    func fill(_ request: inout JSONObject) throws(UsageError) {
      request.set("volumeId", volumeID)
      try secrets.fill(&request)
    }
  }
}

internal import ArgumentParser
internal import JSON
internal import ProtobufC

/// `csi controller`
struct ControllerCommands: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "controller", abstract: "Volumes and snapshots on the driver's storage.",
    discussion: """
      Example:
        nvmeof-csi csi controller create-volume --name db-0 --required-bytes 10GiB
        nvmeof-csi csi controller publish --volume-id ID --node-id NODE --fs-type ext4
      """,
    subcommands: [
      CreateVolume.self, DeleteVolume.self, ListVolumes.self, GetVolume.self, Publish.self,
      Unpublish.self, Validate.self, Expand.self, Modify.self, CreateSnapshot.self,
      DeleteSnapshot.self, ListSnapshots.self, GetSnapshot.self, Capacity.self, Capabilities.self,
    ])

  struct Capacity: Call {
    static let configuration = CommandConfiguration(
      commandName: "capacity", abstract: "How much there is to give (GetCapacity).")
    @OptionGroup var options: CallOptions
    @OptionGroup var parameters: ParameterOptions
    @OptionGroup var capability: CapabilityOptions
    @OptionGroup var topology: TopologyOptions

    func method() throws(UsageError) -> ServiceDescriptor.Method {
      try Methods.find("Controller/GetCapacity")
    }

    func fill(_ request: inout JSONObject) throws(UsageError) {
      parameters.fill(&request)
      try capability.fillList(&request, always: false)
      if let topology = topology.json { request["accessibleTopology"] = topology }
    }
  }

  struct Capabilities: Call {
    static let configuration = CommandConfiguration(
      commandName: "capabilities",
      abstract: "What the controller service can do (ControllerGetCapabilities).")
    @OptionGroup var options: CallOptions

    func method() throws(UsageError) -> ServiceDescriptor.Method {
      try Methods.find("Controller/ControllerGetCapabilities")
    }
    func fill(_ request: inout JSONObject) throws(UsageError) {}
  }
}

internal import ArgumentParser
internal import JSON
internal import ProtobufC

extension NodeCommands {
  struct Stage: Call {
    static let configuration = CommandConfiguration(
      commandName: "stage", abstract: "Make a volume usable on the node (NodeStageVolume).",
      discussion: """
        Example:
          nvmeof-csi csi node stage --volume-id db-0 --fs-type ext4 \\
            --staging-path /var/lib/kubelet/plugins/kubernetes.io/csi/nvmeof.csi.dev/x/globalmount \\
            --context nqn=nqn.2024-01.io.example:db-0 --context portals=192.0.2.1:4420
        """)
    @OptionGroup var options: CallOptions
    @Option(help: ArgumentHelp("The volume.", valueName: "id")) var volumeID: String?
    @Option(help: ArgumentHelp("Where to stage it.", valueName: "path")) var stagingPath: String?
    @OptionGroup var context: ContextOptions
    @OptionGroup var capability: CapabilityOptions
    @OptionGroup var secrets: SecretsOptions

    func method() throws(UsageError) -> ServiceDescriptor.Method {
      try Methods.find("Node/NodeStageVolume")
    }

    func fill(_ request: inout JSONObject) throws(UsageError) {
      request.set("volumeId", volumeID)
      request.set("stagingTargetPath", stagingPath)
      context.fill(&request)
      try capability.fill(&request, always: true)
      try secrets.fill(&request)
    }
  }

  struct Unstage: Call {
    static let configuration = CommandConfiguration(
      commandName: "unstage", abstract: "Undo stage (NodeUnstageVolume).")
    @OptionGroup var options: CallOptions
    @Option(help: ArgumentHelp("The volume.", valueName: "id")) var volumeID: String?
    @Option(help: ArgumentHelp("Where it is staged.", valueName: "path")) var stagingPath: String?

    func method() throws(UsageError) -> ServiceDescriptor.Method {
      try Methods.find("Node/NodeUnstageVolume")
    }

    func fill(_ request: inout JSONObject) throws(UsageError) {
      request.set("volumeId", volumeID)
      request.set("stagingTargetPath", stagingPath)
    }
  }
}

internal import ArgumentParser
internal import JSON
internal import ProtobufC

extension ControllerCommands {
  struct CreateSnapshot: Call {
    static let configuration = CommandConfiguration(
      commandName: "create-snapshot", abstract: "Keep what a volume holds now (CreateSnapshot).",
      discussion: "The same name is the same snapshot: the call can be repeated.")
    @OptionGroup var options: CallOptions
    @Option(help: ArgumentHelp("The volume.", valueName: "id")) var volumeID: String?
    @Option(help: ArgumentHelp("What to call the snapshot.", valueName: "name")) var name: String?
    @OptionGroup var parameters: ParameterOptions
    @OptionGroup var secrets: SecretsOptions

    func method() throws(UsageError) -> ServiceDescriptor.Method {
      try Methods.find("Controller/CreateSnapshot")
    }

    func fill(_ request: inout JSONObject) throws(UsageError) {
      request.set("sourceVolumeId", volumeID)
      request.set("name", name)
      parameters.fill(&request)
      try secrets.fill(&request)
    }
  }

  struct DeleteSnapshot: Call {
    static let configuration = CommandConfiguration(
      commandName: "delete-snapshot", abstract: "Remove a snapshot (DeleteSnapshot).")
    @OptionGroup var options: CallOptions
    @Option(help: ArgumentHelp("The snapshot.", valueName: "id")) var snapshotID: String?
    @OptionGroup var secrets: SecretsOptions

    func method() throws(UsageError) -> ServiceDescriptor.Method {
      try Methods.find("Controller/DeleteSnapshot")
    }

    func fill(_ request: inout JSONObject) throws(UsageError) {
      request.set("snapshotId", snapshotID)
      try secrets.fill(&request)
    }
  }

  struct ListSnapshots: Call {
    static let configuration = CommandConfiguration(
      commandName: "list-snapshots", abstract: "The snapshots (ListSnapshots).")
    @OptionGroup var options: CallOptions
    @Option(help: ArgumentHelp("Those of this volume only.", valueName: "id")) var volumeID: String?
    @Option(help: ArgumentHelp("This snapshot only.", valueName: "id")) var snapshotID: String?
    @OptionGroup var page: PageOptions
    @OptionGroup var secrets: SecretsOptions

    func method() throws(UsageError) -> ServiceDescriptor.Method {
      try Methods.find("Controller/ListSnapshots")
    }

    func fill(_ request: inout JSONObject) throws(UsageError) {
      request.set("sourceVolumeId", volumeID)
      request.set("snapshotId", snapshotID)
      page.fill(&request)
      try secrets.fill(&request)
    }
  }

  struct GetSnapshot: Call {
    static let configuration = CommandConfiguration(
      commandName: "get-snapshot", abstract: "One snapshot as it is now (GetSnapshot).")
    @OptionGroup var options: CallOptions
    @Option(help: ArgumentHelp("The snapshot.", valueName: "id")) var snapshotID: String?
    @OptionGroup var secrets: SecretsOptions

    func method() throws(UsageError) -> ServiceDescriptor.Method {
      try Methods.find("Controller/GetSnapshot")
    }

    func fill(_ request: inout JSONObject) throws(UsageError) {
      request.set("snapshotId", snapshotID)
      try secrets.fill(&request)
    }
  }
}

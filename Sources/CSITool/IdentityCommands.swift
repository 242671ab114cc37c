internal import ArgumentParser
internal import JSON
internal import ProtobufC

/// `csi identity`
struct IdentityCommands: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "identity", abstract: "Who the driver is.",
    subcommands: [Info.self, Capabilities.self, ProbeCall.self])

  struct Info: Call {
    static let configuration = CommandConfiguration(
      commandName: "info", abstract: "The driver's name and version (GetPluginInfo).")
    @OptionGroup var options: CallOptions

    func method() throws(UsageError) -> ServiceDescriptor.Method {
      try Methods.find("Identity/GetPluginInfo")
    }
    func fill(_ request: inout JSONObject) throws(UsageError) {}
  }

  struct Capabilities: Call {
    static let configuration = CommandConfiguration(
      commandName: "capabilities",
      abstract: "What the driver can do as a whole (GetPluginCapabilities).")
    @OptionGroup var options: CallOptions

    func method() throws(UsageError) -> ServiceDescriptor.Method {
      try Methods.find("Identity/GetPluginCapabilities")
    }
    func fill(_ request: inout JSONObject) throws(UsageError) {}
  }

  struct ProbeCall: Call {
    static let configuration = CommandConfiguration(
      commandName: "probe", abstract: "Whether the driver is ready (Probe).")
    @OptionGroup var options: CallOptions

    func method() throws(UsageError) -> ServiceDescriptor.Method {
      try Methods.find("Identity/Probe")
    }
    func fill(_ request: inout JSONObject) throws(UsageError) {}
  }
}

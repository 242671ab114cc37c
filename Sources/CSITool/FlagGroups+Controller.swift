internal import ArgumentParser
internal import JSON

/// The context that comes with a volume.
struct VolumeContextOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("An entry of volume_context; repeatable.", valueName: "key=value"))
  var context: [KeyValue] = []

  func fill(_ request: inout JSONObject) { request.merge(context, into: "volumeContext") }
}

/// What a class says of its volumes or snapshots.
struct ParameterOptions: ParsableArguments {
  @Option(help: ArgumentHelp("An entry of parameters; repeatable.", valueName: "key=value"))
  var parameter: [KeyValue] = []

  func fill(_ request: inout JSONObject) { request.merge(parameter, into: "parameters") }
}

/// What a VolumeAttributesClass says.
struct MutableParameterOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("An entry of mutable_parameters; repeatable.", valueName: "key=value"))
  var mutableParameter: [KeyValue] = []

  func fill(_ request: inout JSONObject) {
    request.merge(mutableParameter, into: "mutableParameters")
  }
}

/// One topology. More than one can be asked for with --request.
struct TopologyOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A segment of the topology that it has to be reachable from; repeatable.",
      valueName: "key=value"))
  var topology: [KeyValue] = []

  /// nil: no flag was given.
  var json: JSONValue? {
    if topology.isEmpty { return nil }
    var object = JSONObject()
    object.merge(topology, into: "segments")
    return .object(object)
  }
}

/// Which page of a list.
struct PageOptions: ParsableArguments {
  @Option(help: ArgumentHelp("At most so many. Default: all.", valueName: "count"))
  var maxEntries: Int32?

  @Option(help: ArgumentHelp("What the page before answered as nextToken.", valueName: "token"))
  var startingToken: String?

  func fill(_ request: inout JSONObject) {
    if let maxEntries { request["maxEntries"] = .number(maxEntries) }
    request.set("startingToken", startingToken)
  }
}

extension CapabilityOptions {
  /// For methods that take a list of capabilities: flags describe one.
  func fillList(_ request: inout JSONObject, always: Bool) throws(UsageError) {
    let list = request["volumeCapabilities"]?.arrayValue ?? []
    if flags.isEmpty, !always || !list.isEmpty { return }
    guard list.count <= 1 else {
      throw UsageError(
        "--request: has \(list.count) volume_capabilities, and flags describe one; say all there")
    }
    request["volumeCapabilities"] = .array([try flags.json(over: list.first)])
  }
}

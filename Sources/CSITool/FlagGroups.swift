internal import ArgumentParser
internal import JSON

/// The contexts that come with a volume.
struct ContextOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("An entry of volume_context; repeatable.", valueName: "key=value"))
  var context: [KeyValue] = []

  @Option(
    help: ArgumentHelp("An entry of publish_context; repeatable.", valueName: "key=value"))
  var publishContext: [KeyValue] = []

  func fill(_ request: inout JSONObject) {
    request.merge(context, into: "volumeContext")
    request.merge(publishContext, into: "publishContext")
  }
}

/// How a volume is to be accessed.
struct CapabilityOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The file system to mount, such as ext4.", valueName: "type"))
  var fsType: String?

  @Option(help: ArgumentHelp("A mount option; repeatable.", valueName: "option"))
  var mountFlag: [String] = []

  @Flag(help: "A raw block device instead of a mounted file system.")
  var block = false

  @Option(
    help: ArgumentHelp(
      """
      single-node-writer, single-node-reader-only, multi-node-multi-writer, … or csi.proto's name \
      of it. Default: SINGLE_NODE_WRITER.
      """, valueName: "mode"))
  var accessMode: String?

  var flags: CapabilityFlags {
    CapabilityFlags(
      fileSystemType: fsType, mountFlags: mountFlag, isBlock: block, accessMode: accessMode)
  }

  /// `always`: whether the request has a capability even if no flag says anything of one.
  func fill(_ request: inout JSONObject, always: Bool) throws(UsageError) {
    if flags.isEmpty, !always { return }
    request["volumeCapability"] = try flags.json(over: request["volumeCapability"])
  }
}

/// Secrets come from a file and never from the command line, which everybody on the machine can read.
struct SecretsOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A JSON file with an object of strings: the request's secrets.", valueName: "file"))
  var secretsFile: String?

  func fill(_ request: inout JSONObject) throws(UsageError) {
    guard let secretsFile else { return }
    var secrets = request["secrets"]?.objectValue ?? JSONObject()
    for member in try Input.secrets(secretsFile).members { secrets[member.name] = member.value }
    request["secrets"] = .object(secrets)
  }
}

/// How large a volume is to be.
struct CapacityOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "At least this many bytes; k, M, G, T, KiB, MiB, GiB, TiB may follow.", valueName: "size"))
  var requiredBytes: ByteCount?

  @Option(help: ArgumentHelp("At most this many bytes.", valueName: "size"))
  var limitBytes: ByteCount?

  func fill(_ request: inout JSONObject) {
    var range = request["capacityRange"]?.objectValue ?? JSONObject()
    if let requiredBytes { range["requiredBytes"] = .string(String(requiredBytes.bytes)) }
    if let limitBytes { range["limitBytes"] = .string(String(limitBytes.bytes)) }
    if !range.members.isEmpty { request["capacityRange"] = .object(range) }
  }
}

extension JSONObject {
  /// Sets a string field where a flag was given.
  mutating func set(_ name: String, _ flag: String?) {
    if let flag { self[name] = .string(flag) }
  }
}

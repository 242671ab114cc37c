internal import JSON

/// A volume capability as flags say it.
struct CapabilityFlags: Hashable {
  var fileSystemType: String?
  var mountFlags: [String] = []
  var isBlock = false
  /// csi.proto's name or its kebab case.
  var accessMode: String?

  /// No flag was given.
  var isEmpty: Bool { self == CapabilityFlags() }

  /// What csi.proto calls a mode: `single-node-writer` is `SINGLE_NODE_WRITER`.
  static func protoName(_ mode: String) -> String {
    mode.uppercased().split(separator: "-", omittingEmptySubsequences: false).joined(separator: "_")
  }

  /// The capability: the flags over `base`, and where neither says anything a mounted file system for
  /// one node's writers, which is what Kubernetes' ReadWriteOnce asks for.
  func json(over base: JSONValue?) throws(UsageError) -> JSONValue {
    guard !isBlock || fileSystemType == nil && mountFlags.isEmpty else {
      throw UsageError("--block: a raw block volume has no --fs-type and no --mount-flag")
    }
    var capability = base?.objectValue ?? JSONObject()
    if isBlock {
      capability["mount"] = nil
      capability["block"] = [:]
    } else if fileSystemType != nil || !mountFlags.isEmpty {
      var mount = capability["mount"]?.objectValue ?? JSONObject()
      if let fileSystemType { mount["fsType"] = .string(fileSystemType) }
      if !mountFlags.isEmpty { mount["mountFlags"] = .array(mountFlags.map { .string($0) }) }
      capability["block"] = nil
      capability["mount"] = .object(mount)
    } else if capability["block"] == nil, capability["mount"] == nil {
      capability["mount"] = [:]
    }
    if let accessMode {
      capability["accessMode"] = ["mode": .string(Self.protoName(accessMode))]
    } else if capability["accessMode"] == nil {
      capability["accessMode"] = ["mode": "SINGLE_NODE_WRITER"]
    }
    return .object(capability)
  }
}

internal import CSI
internal import ProtobufC

/// The methods of csi.v1 by name.
enum Methods {
  /// A service's methods that answer with a stream: protobuf-c's descriptors do not say so.
  private static let streaming = "SnapshotMetadata"

  static func isStreaming(_ method: ServiceDescriptor.Method) -> Bool {
    method.path.hasPrefix("/csi.v1.\(streaming)/")
  }

  /// `Node/NodeStageVolume`
  static func shortName(_ method: ServiceDescriptor.Method) -> String {
    String(method.path.dropFirst("/csi.v1.".count))
  }

  /// What an answer with no field set means, for people.
  static func emptyAnswer(_ method: ServiceDescriptor.Method) -> String {
    switch method.name {
    case "ListVolumes": "No volumes."
    case "ListSnapshots": "No snapshots."
    case "GetCapacity": "Nothing is available."
    case "ValidateVolumeCapabilities": "Not confirmed."
    case "GetPluginCapabilities", "ControllerGetCapabilities", "NodeGetCapabilities",
      "GroupControllerGetCapabilities":
      "No capabilities."
    default: "OK"
    }
  }

  static var all: [ServiceDescriptor.Method] { services.flatMap(\.methods) }

  /// Takes `Node/NodeStageVolume`, `csi.v1.Node/NodeStageVolume`, the same with a slash before it
  /// and, since no two services share one, the method's name alone.
  static func find(_ name: String) throws(UsageError) -> ServiceDescriptor.Method {
    var text = name[...]
    if text.hasPrefix("/") { text = text.dropFirst() }
    if text.hasPrefix("csi.v1.") { text = text.dropFirst("csi.v1.".count) }
    guard let method = all.first(where: { shortName($0) == text || $0.name == text }) else {
      let service = text.prefix { $0 != "/" }
      let candidates = services.filter { $0.name == service }.flatMap(\.methods)
      let known = (candidates.isEmpty ? all : candidates).map(shortName).joined(separator: ", ")
      throw UsageError("csi.v1 has no method '\(name)'; it has: \(known)")
    }
    guard !isStreaming(method) else {
      throw UsageError(
        "\(shortName(method)) answers with a stream of messages, which this client does not read")
    }
    return method
  }
}

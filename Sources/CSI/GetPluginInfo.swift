internal import CCSI
internal import ProtobufC

/// csi.v1.GetPluginInfoRequest
public struct GetPluginInfoRequest: Hashable, Sendable {
  /// It has no fields.
  public init() {}
}

extension GetPluginInfoRequest: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__get_plugin_info_request__init)

  init(_ wire: Csi__V1__GetPluginInfoRequest) {
  }

  func fill(_ wire: inout Csi__V1__GetPluginInfoRequest, in arena: Arena) {
  }
}

/// csi.v1.GetPluginInfoResponse
public struct GetPluginInfoResponse: Hashable, Sendable {
  /// In domain name notation.
  public var name: String
  /// Opaque to the caller.
  public var vendorVersion: String
  /// Opaque to the caller.
  public var manifest: [String: String] = [:]

  /// All of it.
  public init(name: String, vendorVersion: String, manifest: [String: String] = [:]) {
    self.name = name
    self.vendorVersion = vendorVersion
    self.manifest = manifest
  }
}

extension GetPluginInfoResponse: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__get_plugin_info_response__init)

  init(_ wire: Csi__V1__GetPluginInfoResponse) {
    name = unsafe readString(wire.name)
    vendorVersion = unsafe readString(wire.vendor_version)
    manifest = unsafe readMap(wire.manifest, wire.n_manifest)
  }

  func fill(_ wire: inout Csi__V1__GetPluginInfoResponse, in arena: Arena) {
    unsafe wire.name = arena.string(name)
    unsafe wire.vendor_version = arena.string(vendorVersion)
    unsafe (wire.n_manifest, wire.manifest) = arena.map(
      manifest, csi__v1__get_plugin_info_response__manifest_entry__init)
  }
}

internal import CCSI
internal import ProtobufC

/// csi.v1.GetPluginCapabilitiesRequest
public struct GetPluginCapabilitiesRequest: Hashable, Sendable {
  /// It has no fields.
  public init() {}
}

extension GetPluginCapabilitiesRequest: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__get_plugin_capabilities_request__init)

  init(_ wire: Csi__V1__GetPluginCapabilitiesRequest) {
  }

  func fill(_ wire: inout Csi__V1__GetPluginCapabilitiesRequest, in arena: Arena) {
  }
}

/// csi.v1.GetPluginCapabilitiesResponse
public struct GetPluginCapabilitiesResponse: Hashable, Sendable {
  /// Those that this driver knows.
  public var capabilities: [PluginCapability]

  /// All of it.
  public init(capabilities: [PluginCapability]) {
    self.capabilities = capabilities
  }
}

extension GetPluginCapabilitiesResponse: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__get_plugin_capabilities_response__init)

  init(_ wire: Csi__V1__GetPluginCapabilitiesResponse) {
    capabilities = unsafe UnsafeBufferPointer(start: wire.capabilities, count: wire.n_capabilities)
      .compactMap { unsafe $0 }.compactMap { unsafe PluginCapability($0.pointee) }
  }

  func fill(_ wire: inout Csi__V1__GetPluginCapabilitiesResponse, in arena: Arena) {
    unsafe (wire.n_capabilities, wire.capabilities) = arena.array(
      capabilities.map { unsafe $0.wire(in: arena) })
  }
}

internal import CCSI
internal import ProtobufC

/// csi.v1.NodeGetCapabilitiesRequest
public struct NodeGetCapabilitiesRequest: Hashable, Sendable {
  /// It has no fields.
  public init() {}
}

extension NodeGetCapabilitiesRequest: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__node_get_capabilities_request__init)

  init(_ wire: Csi__V1__NodeGetCapabilitiesRequest) {
  }

  func fill(_ wire: inout Csi__V1__NodeGetCapabilitiesRequest, in arena: Arena) {
  }
}

/// csi.v1.NodeGetCapabilitiesResponse
public struct NodeGetCapabilitiesResponse: Hashable, Sendable {
  /// Those that this driver knows.
  public var capabilities: [NodeCapability]

  /// All of it.
  public init(capabilities: [NodeCapability]) {
    self.capabilities = capabilities
  }
}

extension NodeGetCapabilitiesResponse: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__node_get_capabilities_response__init)

  init(_ wire: Csi__V1__NodeGetCapabilitiesResponse) {
    capabilities = unsafe UnsafeBufferPointer(start: wire.capabilities, count: wire.n_capabilities)
      .compactMap { unsafe $0 }.compactMap { unsafe NodeCapability($0.pointee) }
  }

  func fill(_ wire: inout Csi__V1__NodeGetCapabilitiesResponse, in arena: Arena) {
    unsafe (wire.n_capabilities, wire.capabilities) = arena.array(
      capabilities.map { unsafe $0.wire(in: arena) })
  }
}

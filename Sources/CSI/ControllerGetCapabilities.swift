internal import CCSI
internal import ProtobufC

/// csi.v1.ControllerGetCapabilitiesRequest
public struct ControllerGetCapabilitiesRequest: Hashable, Sendable {
  /// It has no fields.
  public init() {}
}

extension ControllerGetCapabilitiesRequest: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__controller_get_capabilities_request__init)

  init(_ wire: Csi__V1__ControllerGetCapabilitiesRequest) {
  }

  func fill(_ wire: inout Csi__V1__ControllerGetCapabilitiesRequest, in arena: Arena) {
  }
}

/// csi.v1.ControllerGetCapabilitiesResponse
public struct ControllerGetCapabilitiesResponse: Hashable, Sendable {
  /// Those that this driver knows.
  public var capabilities: [ControllerCapability]

  /// All of it.
  public init(capabilities: [ControllerCapability]) {
    self.capabilities = capabilities
  }
}

extension ControllerGetCapabilitiesResponse: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__controller_get_capabilities_response__init)

  init(_ wire: Csi__V1__ControllerGetCapabilitiesResponse) {
    capabilities = unsafe UnsafeBufferPointer(start: wire.capabilities, count: wire.n_capabilities)
      .compactMap { unsafe $0 }.compactMap { unsafe ControllerCapability($0.pointee) }
  }

  func fill(_ wire: inout Csi__V1__ControllerGetCapabilitiesResponse, in arena: Arena) {
    unsafe (wire.n_capabilities, wire.capabilities) = arena.array(
      capabilities.map { unsafe $0.wire(in: arena) })
  }
}

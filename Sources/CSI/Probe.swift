internal import CCSI
internal import ProtobufC

/// csi.v1.ProbeRequest
public struct ProbeRequest: Hashable, Sendable {
  /// It has no fields.
  public init() {}
}

extension ProbeRequest: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__probe_request__init)

  init(_ wire: Csi__V1__ProbeRequest) {
  }

  func fill(_ wire: inout Csi__V1__ProbeRequest, in arena: Arena) {
  }
}

/// csi.v1.ProbeResponse
public struct ProbeResponse: Hashable, Sendable {
  /// nil: a plugin that answers is ready.
  public var ready: Bool?

  /// All of it.
  public init(ready: Bool?) {
    self.ready = ready
  }
}

extension ProbeResponse: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__probe_response__init)

  init(_ wire: Csi__V1__ProbeResponse) {
    ready = unsafe wire.ready.map { unsafe $0.pointee.value != 0 }
  }

  func fill(_ wire: inout Csi__V1__ProbeResponse, in arena: Arena) {
    unsafe wire.ready = ready.map { ready in
      unsafe arena.message(google__protobuf__bool_value__init) { unsafe $0.value = ready ? 1 : 0 }
    }
  }
}

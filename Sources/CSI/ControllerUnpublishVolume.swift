internal import CCSI
internal import ProtobufC

/// csi.v1.ControllerUnpublishVolumeRequest
public struct ControllerUnpublishVolumeRequest: Sendable {
  /// The volume.
  public var volumeID: String = ""
  /// Empty: all nodes.
  public var nodeID: String = ""
  /// What the operation needs to authenticate.
  public var secrets: Secrets = Secrets()

  /// Nothing set.
  public init() {}
}

extension ControllerUnpublishVolumeRequest: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__controller_unpublish_volume_request__init)

  init(_ wire: Csi__V1__ControllerUnpublishVolumeRequest) {
    volumeID = unsafe readString(wire.volume_id)
    nodeID = unsafe readString(wire.node_id)
    secrets = Secrets(unsafe readMap(wire.secrets, wire.n_secrets))
  }

  func fill(_ wire: inout Csi__V1__ControllerUnpublishVolumeRequest, in arena: Arena) {
    unsafe wire.volume_id = arena.string(volumeID)
    unsafe wire.node_id = arena.string(nodeID)
    unsafe (wire.n_secrets, wire.secrets) = arena.map(
      secrets.exposed, csi__v1__controller_unpublish_volume_request__secrets_entry__init)
  }
}

/// csi.v1.ControllerUnpublishVolumeResponse
public struct ControllerUnpublishVolumeResponse: Hashable, Sendable {
  /// It has no fields.
  public init() {}
}

extension ControllerUnpublishVolumeResponse: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__controller_unpublish_volume_response__init)

  init(_ wire: Csi__V1__ControllerUnpublishVolumeResponse) {
  }

  func fill(_ wire: inout Csi__V1__ControllerUnpublishVolumeResponse, in arena: Arena) {
  }
}

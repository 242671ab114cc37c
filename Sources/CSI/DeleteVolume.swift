internal import CCSI
internal import ProtobufC

/// csi.v1.DeleteVolumeRequest
public struct DeleteVolumeRequest: Sendable {
  /// The volume.
  public var volumeID: String = ""
  /// What the operation needs to authenticate.
  public var secrets: Secrets = Secrets()

  /// Nothing set.
  public init() {}
}

extension DeleteVolumeRequest: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__delete_volume_request__init)

  init(_ wire: Csi__V1__DeleteVolumeRequest) {
    volumeID = unsafe readString(wire.volume_id)
    secrets = Secrets(unsafe readMap(wire.secrets, wire.n_secrets))
  }

  func fill(_ wire: inout Csi__V1__DeleteVolumeRequest, in arena: Arena) {
    unsafe wire.volume_id = arena.string(volumeID)
    unsafe (wire.n_secrets, wire.secrets) = arena.map(
      secrets.exposed, csi__v1__delete_volume_request__secrets_entry__init)
  }
}

/// csi.v1.DeleteVolumeResponse
public struct DeleteVolumeResponse: Hashable, Sendable {
  /// It has no fields.
  public init() {}
}

extension DeleteVolumeResponse: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__delete_volume_response__init)

  init(_ wire: Csi__V1__DeleteVolumeResponse) {
  }

  func fill(_ wire: inout Csi__V1__DeleteVolumeResponse, in arena: Arena) {
  }
}

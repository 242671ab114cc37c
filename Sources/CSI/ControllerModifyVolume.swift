internal import CCSI
internal import ProtobufC

/// csi.v1.ControllerModifyVolumeRequest
public struct ControllerModifyVolumeRequest: Sendable {
  /// The volume.
  public var volumeID: String = ""
  /// What the operation needs to authenticate.
  public var secrets: Secrets = Secrets()
  /// A VolumeAttributesClass's.
  public var mutableParameters: [String: String] = [:]

  /// Nothing set.
  public init() {}
}

extension ControllerModifyVolumeRequest: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__controller_modify_volume_request__init)

  init(_ wire: Csi__V1__ControllerModifyVolumeRequest) {
    volumeID = unsafe readString(wire.volume_id)
    secrets = Secrets(unsafe readMap(wire.secrets, wire.n_secrets))
    mutableParameters = unsafe readMap(wire.mutable_parameters, wire.n_mutable_parameters)
  }

  func fill(_ wire: inout Csi__V1__ControllerModifyVolumeRequest, in arena: Arena) {
    unsafe wire.volume_id = arena.string(volumeID)
    unsafe (wire.n_secrets, wire.secrets) = arena.map(
      secrets.exposed, csi__v1__controller_modify_volume_request__secrets_entry__init)
    unsafe (wire.n_mutable_parameters, wire.mutable_parameters) = arena.map(
      mutableParameters, csi__v1__controller_modify_volume_request__mutable_parameters_entry__init)
  }
}

/// csi.v1.ControllerModifyVolumeResponse
public struct ControllerModifyVolumeResponse: Hashable, Sendable {
  /// It has no fields.
  public init() {}
}

extension ControllerModifyVolumeResponse: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__controller_modify_volume_response__init)

  init(_ wire: Csi__V1__ControllerModifyVolumeResponse) {
  }

  func fill(_ wire: inout Csi__V1__ControllerModifyVolumeResponse, in arena: Arena) {
  }
}

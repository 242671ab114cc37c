internal import CCSI
internal import ProtobufC

/// csi.v1.NodeUnstageVolumeRequest
public struct NodeUnstageVolumeRequest: Hashable, Sendable {
  /// The volume.
  public var volumeID: String = ""
  /// Where it is staged.
  public var stagingTargetPath: String = ""

  /// Nothing set.
  public init() {}
}

extension NodeUnstageVolumeRequest: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__node_unstage_volume_request__init)

  init(_ wire: Csi__V1__NodeUnstageVolumeRequest) {
    volumeID = unsafe readString(wire.volume_id)
    stagingTargetPath = unsafe readString(wire.staging_target_path)
  }

  func fill(_ wire: inout Csi__V1__NodeUnstageVolumeRequest, in arena: Arena) {
    unsafe wire.volume_id = arena.string(volumeID)
    unsafe wire.staging_target_path = arena.string(stagingTargetPath)
  }
}

/// csi.v1.NodeUnstageVolumeResponse
public struct NodeUnstageVolumeResponse: Hashable, Sendable {
  /// It has no fields.
  public init() {}
}

extension NodeUnstageVolumeResponse: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__node_unstage_volume_response__init)

  init(_ wire: Csi__V1__NodeUnstageVolumeResponse) {
  }

  func fill(_ wire: inout Csi__V1__NodeUnstageVolumeResponse, in arena: Arena) {
  }
}

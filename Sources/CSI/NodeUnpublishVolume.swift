internal import CCSI
internal import ProtobufC

/// csi.v1.NodeUnpublishVolumeRequest
public struct NodeUnpublishVolumeRequest: Hashable, Sendable {
  /// The volume.
  public var volumeID: String = ""
  /// Where it is published.
  public var targetPath: String = ""

  /// Nothing set.
  public init() {}
}

extension NodeUnpublishVolumeRequest: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__node_unpublish_volume_request__init)

  init(_ wire: Csi__V1__NodeUnpublishVolumeRequest) {
    volumeID = unsafe readString(wire.volume_id)
    targetPath = unsafe readString(wire.target_path)
  }

  func fill(_ wire: inout Csi__V1__NodeUnpublishVolumeRequest, in arena: Arena) {
    unsafe wire.volume_id = arena.string(volumeID)
    unsafe wire.target_path = arena.string(targetPath)
  }
}

/// csi.v1.NodeUnpublishVolumeResponse
public struct NodeUnpublishVolumeResponse: Hashable, Sendable {
  /// It has no fields.
  public init() {}
}

extension NodeUnpublishVolumeResponse: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__node_unpublish_volume_response__init)

  init(_ wire: Csi__V1__NodeUnpublishVolumeResponse) {
  }

  func fill(_ wire: inout Csi__V1__NodeUnpublishVolumeResponse, in arena: Arena) {
  }
}

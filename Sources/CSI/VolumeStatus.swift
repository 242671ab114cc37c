internal import CCSI
internal import ProtobufC

/// csi.v1.ListVolumesResponse.VolumeStatus and csi.v1.ControllerGetVolumeResponse.VolumeStatus, which
/// have the same fields: where a volume is published and how it is.
public struct VolumeStatus: Hashable, Sendable {
  /// The nodes that ControllerPublishVolume has given it to.
  public var publishedNodeIDs: [String]
  /// How it is; nil: not known.
  public var volumeCondition: VolumeCondition?

  /// All of it.
  public init(publishedNodeIDs: [String], volumeCondition: VolumeCondition?) {
    self.publishedNodeIDs = publishedNodeIDs
    self.volumeCondition = volumeCondition
  }
}

extension VolumeStatus: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__list_volumes_response__volume_status__init)

  init(_ wire: Csi__V1__ListVolumesResponse__VolumeStatus) {
    publishedNodeIDs = unsafe readStrings(wire.published_node_ids, wire.n_published_node_ids)
    volumeCondition = unsafe wire.volume_condition.map { unsafe VolumeCondition($0.pointee) }
  }

  func fill(_ wire: inout Csi__V1__ListVolumesResponse__VolumeStatus, in arena: Arena) {
    unsafe (wire.n_published_node_ids, wire.published_node_ids) = arena.strings(publishedNodeIDs)
    unsafe wire.volume_condition = volumeCondition.map { unsafe $0.nested(in: arena) }
  }
}

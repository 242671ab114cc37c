internal import CCSI
internal import ProtobufC

/// csi.v1.NodeGetVolumeStatsRequest
public struct NodeGetVolumeStatsRequest: Hashable, Sendable {
  /// The volume.
  public var volumeID: String = ""
  /// Where it is published or staged.
  public var volumePath: String = ""
  /// Where it is staged.
  public var stagingTargetPath: String = ""

  /// Nothing set.
  public init() {}
}

extension NodeGetVolumeStatsRequest: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__node_get_volume_stats_request__init)

  init(_ wire: Csi__V1__NodeGetVolumeStatsRequest) {
    volumeID = unsafe readString(wire.volume_id)
    volumePath = unsafe readString(wire.volume_path)
    stagingTargetPath = unsafe readString(wire.staging_target_path)
  }

  func fill(_ wire: inout Csi__V1__NodeGetVolumeStatsRequest, in arena: Arena) {
    unsafe wire.volume_id = arena.string(volumeID)
    unsafe wire.volume_path = arena.string(volumePath)
    unsafe wire.staging_target_path = arena.string(stagingTargetPath)
  }
}

/// csi.v1.NodeGetVolumeStatsResponse
public struct NodeGetVolumeStatsResponse: Hashable, Sendable {
  /// In bytes and in inodes.
  public var usage: [VolumeUsage]
  /// How it is.
  public var volumeCondition: VolumeCondition?

  /// All of it.
  public init(usage: [VolumeUsage], volumeCondition: VolumeCondition?) {
    self.usage = usage
    self.volumeCondition = volumeCondition
  }
}

extension NodeGetVolumeStatsResponse: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__node_get_volume_stats_response__init)

  init(_ wire: Csi__V1__NodeGetVolumeStatsResponse) {
    usage = unsafe readMessages(wire.usage, wire.n_usage)
    volumeCondition = unsafe wire.volume_condition.map { unsafe VolumeCondition($0.pointee) }
  }

  func fill(_ wire: inout Csi__V1__NodeGetVolumeStatsResponse, in arena: Arena) {
    unsafe (wire.n_usage, wire.usage) = arena.array(usage.map { unsafe $0.nested(in: arena) })
    unsafe wire.volume_condition = volumeCondition.map { unsafe $0.nested(in: arena) }
  }
}

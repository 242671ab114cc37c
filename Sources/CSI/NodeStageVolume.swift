internal import CCSI
internal import ProtobufC

/// csi.v1.NodeStageVolumeRequest
public struct NodeStageVolumeRequest: Sendable {
  /// The volume.
  public var volumeID: String = ""
  /// What ControllerPublishVolume answered.
  public var publishContext: [String: String] = [:]
  /// Where it is staged.
  public var stagingTargetPath: String = ""
  /// How it is to be accessed.
  public var volumeCapability: VolumeCapability? = nil
  /// What the operation needs to authenticate.
  public var secrets: Secrets = Secrets()
  /// What CreateVolume answered, or what the static volume says.
  public var volumeContext: [String: String] = [:]

  /// Nothing set.
  public init() {}
}

extension NodeStageVolumeRequest: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__node_stage_volume_request__init)

  init(_ wire: Csi__V1__NodeStageVolumeRequest) {
    volumeID = unsafe readString(wire.volume_id)
    publishContext = unsafe readMap(wire.publish_context, wire.n_publish_context)
    stagingTargetPath = unsafe readString(wire.staging_target_path)
    volumeCapability = unsafe wire.volume_capability.map { unsafe VolumeCapability($0.pointee) }
    secrets = Secrets(unsafe readMap(wire.secrets, wire.n_secrets))
    volumeContext = unsafe readMap(wire.volume_context, wire.n_volume_context)
  }

  func fill(_ wire: inout Csi__V1__NodeStageVolumeRequest, in arena: Arena) {
    unsafe wire.volume_id = arena.string(volumeID)
    unsafe (wire.n_publish_context, wire.publish_context) = arena.map(
      publishContext, csi__v1__node_stage_volume_request__publish_context_entry__init)
    unsafe wire.staging_target_path = arena.string(stagingTargetPath)
    unsafe wire.volume_capability = volumeCapability.map { unsafe $0.nested(in: arena) }
    unsafe (wire.n_secrets, wire.secrets) = arena.map(
      secrets.exposed, csi__v1__node_stage_volume_request__secrets_entry__init)
    unsafe (wire.n_volume_context, wire.volume_context) = arena.map(
      volumeContext, csi__v1__node_stage_volume_request__volume_context_entry__init)
  }
}

/// csi.v1.NodeStageVolumeResponse
public struct NodeStageVolumeResponse: Hashable, Sendable {
  /// It has no fields.
  public init() {}
}

extension NodeStageVolumeResponse: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__node_stage_volume_response__init)

  init(_ wire: Csi__V1__NodeStageVolumeResponse) {
  }

  func fill(_ wire: inout Csi__V1__NodeStageVolumeResponse, in arena: Arena) {
  }
}

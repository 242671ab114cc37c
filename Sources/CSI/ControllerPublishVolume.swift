internal import CCSI
internal import ProtobufC

/// csi.v1.ControllerPublishVolumeRequest
public struct ControllerPublishVolumeRequest: Sendable {
  /// The volume.
  public var volumeID: String = ""
  /// As its NodeGetInfo says.
  public var nodeID: String = ""
  /// How it is to be accessed.
  public var volumeCapability: VolumeCapability? = nil
  /// The node may only read.
  public var readonly: Bool = false
  /// What the operation needs to authenticate.
  public var secrets: Secrets = Secrets()
  /// What CreateVolume answered, or what the static volume says.
  public var volumeContext: [String: String] = [:]

  /// Nothing set.
  public init() {}
}

extension ControllerPublishVolumeRequest: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__controller_publish_volume_request__init)

  init(_ wire: Csi__V1__ControllerPublishVolumeRequest) {
    volumeID = unsafe readString(wire.volume_id)
    nodeID = unsafe readString(wire.node_id)
    volumeCapability = unsafe wire.volume_capability.map { unsafe VolumeCapability($0.pointee) }
    readonly = unsafe wire.readonly != 0
    secrets = Secrets(unsafe readMap(wire.secrets, wire.n_secrets))
    volumeContext = unsafe readMap(wire.volume_context, wire.n_volume_context)
  }

  func fill(_ wire: inout Csi__V1__ControllerPublishVolumeRequest, in arena: Arena) {
    unsafe wire.volume_id = arena.string(volumeID)
    unsafe wire.node_id = arena.string(nodeID)
    unsafe wire.volume_capability = volumeCapability.map { unsafe $0.nested(in: arena) }
    unsafe wire.readonly = readonly ? 1 : 0
    unsafe (wire.n_secrets, wire.secrets) = arena.map(
      secrets.exposed, csi__v1__controller_publish_volume_request__secrets_entry__init)
    unsafe (wire.n_volume_context, wire.volume_context) = arena.map(
      volumeContext, csi__v1__controller_publish_volume_request__volume_context_entry__init)
  }
}

/// csi.v1.ControllerPublishVolumeResponse
public struct ControllerPublishVolumeResponse: Hashable, Sendable {
  /// What the node needs to know of this attachment.
  public var publishContext: [String: String]

  /// All of it.
  public init(publishContext: [String: String]) {
    self.publishContext = publishContext
  }
}

extension ControllerPublishVolumeResponse: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__controller_publish_volume_response__init)

  init(_ wire: Csi__V1__ControllerPublishVolumeResponse) {
    publishContext = unsafe readMap(wire.publish_context, wire.n_publish_context)
  }

  func fill(_ wire: inout Csi__V1__ControllerPublishVolumeResponse, in arena: Arena) {
    unsafe (wire.n_publish_context, wire.publish_context) = arena.map(
      publishContext, csi__v1__controller_publish_volume_response__publish_context_entry__init)
  }
}

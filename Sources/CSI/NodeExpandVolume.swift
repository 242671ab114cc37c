internal import CCSI
internal import ProtobufC

/// csi.v1.NodeExpandVolumeRequest
public struct NodeExpandVolumeRequest: Sendable {
  /// The volume.
  public var volumeID: String = ""
  /// Where it is published or staged.
  public var volumePath: String = ""
  /// How large it should be.
  public var capacityRange: CapacityRange? = nil
  /// Where it is staged.
  public var stagingTargetPath: String = ""
  /// How it is to be accessed.
  public var volumeCapability: VolumeCapability? = nil
  /// What the operation needs to authenticate.
  public var secrets: Secrets = Secrets()

  /// Nothing set.
  public init() {}
}

extension NodeExpandVolumeRequest: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__node_expand_volume_request__init)

  init(_ wire: Csi__V1__NodeExpandVolumeRequest) {
    volumeID = unsafe readString(wire.volume_id)
    volumePath = unsafe readString(wire.volume_path)
    capacityRange = unsafe wire.capacity_range.map { unsafe CapacityRange($0.pointee) }
    stagingTargetPath = unsafe readString(wire.staging_target_path)
    volumeCapability = unsafe wire.volume_capability.map { unsafe VolumeCapability($0.pointee) }
    secrets = Secrets(unsafe readMap(wire.secrets, wire.n_secrets))
  }

  func fill(_ wire: inout Csi__V1__NodeExpandVolumeRequest, in arena: Arena) {
    unsafe wire.volume_id = arena.string(volumeID)
    unsafe wire.volume_path = arena.string(volumePath)
    unsafe wire.capacity_range = capacityRange.map { unsafe $0.nested(in: arena) }
    unsafe wire.staging_target_path = arena.string(stagingTargetPath)
    unsafe wire.volume_capability = volumeCapability.map { unsafe $0.nested(in: arena) }
    unsafe (wire.n_secrets, wire.secrets) = arena.map(
      secrets.exposed, csi__v1__node_expand_volume_request__secrets_entry__init)
  }
}

/// csi.v1.NodeExpandVolumeResponse
public struct NodeExpandVolumeResponse: Hashable, Sendable {
  /// How large it is.
  public var capacityBytes: Int64

  /// All of it.
  public init(capacityBytes: Int64) {
    self.capacityBytes = capacityBytes
  }
}

extension NodeExpandVolumeResponse: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__node_expand_volume_response__init)

  init(_ wire: Csi__V1__NodeExpandVolumeResponse) {
    capacityBytes = unsafe wire.capacity_bytes
  }

  func fill(_ wire: inout Csi__V1__NodeExpandVolumeResponse, in arena: Arena) {
    unsafe wire.capacity_bytes = capacityBytes
  }
}

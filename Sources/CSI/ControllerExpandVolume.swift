internal import CCSI
internal import ProtobufC

/// csi.v1.ControllerExpandVolumeRequest
public struct ControllerExpandVolumeRequest: Sendable {
  /// The volume.
  public var volumeID: String = ""
  /// How large it should be.
  public var capacityRange: CapacityRange? = nil
  /// What the operation needs to authenticate.
  public var secrets: Secrets = Secrets()
  /// How it is accessed.
  public var volumeCapability: VolumeCapability? = nil

  /// Nothing set.
  public init() {}
}

extension ControllerExpandVolumeRequest: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__controller_expand_volume_request__init)

  init(_ wire: Csi__V1__ControllerExpandVolumeRequest) {
    volumeID = unsafe readString(wire.volume_id)
    capacityRange = unsafe wire.capacity_range.map { unsafe CapacityRange($0.pointee) }
    secrets = Secrets(unsafe readMap(wire.secrets, wire.n_secrets))
    volumeCapability = unsafe wire.volume_capability.map { unsafe VolumeCapability($0.pointee) }
  }

  func fill(_ wire: inout Csi__V1__ControllerExpandVolumeRequest, in arena: Arena) {
    unsafe wire.volume_id = arena.string(volumeID)
    unsafe wire.capacity_range = capacityRange.map { unsafe $0.nested(in: arena) }
    unsafe (wire.n_secrets, wire.secrets) = arena.map(
      secrets.exposed, csi__v1__controller_expand_volume_request__secrets_entry__init)
    unsafe wire.volume_capability = volumeCapability.map { unsafe $0.nested(in: arena) }
  }
}

/// csi.v1.ControllerExpandVolumeResponse
public struct ControllerExpandVolumeResponse: Hashable, Sendable {
  /// How large it is.
  public var capacityBytes: Int64
  /// NodeExpandVolume has to follow.
  public var nodeExpansionRequired: Bool

  /// All of it.
  public init(capacityBytes: Int64, nodeExpansionRequired: Bool) {
    self.capacityBytes = capacityBytes
    self.nodeExpansionRequired = nodeExpansionRequired
  }
}

extension ControllerExpandVolumeResponse: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__controller_expand_volume_response__init)

  init(_ wire: Csi__V1__ControllerExpandVolumeResponse) {
    capacityBytes = unsafe wire.capacity_bytes
    nodeExpansionRequired = unsafe wire.node_expansion_required != 0
  }

  func fill(_ wire: inout Csi__V1__ControllerExpandVolumeResponse, in arena: Arena) {
    unsafe wire.capacity_bytes = capacityBytes
    unsafe wire.node_expansion_required = nodeExpansionRequired ? 1 : 0
  }
}

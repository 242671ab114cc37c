internal import CCSI
internal import ProtobufC

/// csi.v1.ControllerGetVolumeRequest
public struct ControllerGetVolumeRequest: Hashable, Sendable {
  /// The volume.
  public var volumeID: String = ""

  /// Nothing set.
  public init() {}
}

extension ControllerGetVolumeRequest: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__controller_get_volume_request__init)

  init(_ wire: Csi__V1__ControllerGetVolumeRequest) {
    volumeID = unsafe readString(wire.volume_id)
  }

  func fill(_ wire: inout Csi__V1__ControllerGetVolumeRequest, in arena: Arena) {
    unsafe wire.volume_id = arena.string(volumeID)
  }
}

/// csi.v1.ControllerGetVolumeResponse
public struct ControllerGetVolumeResponse: Hashable, Sendable {
  /// The volume.
  public var volume: Volume?
  /// How it is and where.
  public var status: VolumeStatus?

  /// All of it.
  public init(volume: Volume?, status: VolumeStatus?) {
    self.volume = volume
    self.status = status
  }
}

extension ControllerGetVolumeResponse: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__controller_get_volume_response__init)

  init(_ wire: Csi__V1__ControllerGetVolumeResponse) {
    volume = unsafe wire.volume.map { unsafe Volume($0.pointee) }
    status = unsafe wire.status.map { unsafe VolumeStatus($0.pointee) }
  }

  func fill(_ wire: inout Csi__V1__ControllerGetVolumeResponse, in arena: Arena) {
    unsafe wire.volume = volume.map { unsafe $0.nested(in: arena) }
    unsafe wire.status = status.map { unsafe $0.ofGetVolume(in: arena) }
  }
}

// csi.proto has a message of its own here, with the fields of ListVolumes' one.
extension VolumeStatus {
  fileprivate init(_ wire: Csi__V1__ControllerGetVolumeResponse__VolumeStatus) {
    self.init(
      publishedNodeIDs: unsafe readStrings(wire.published_node_ids, wire.n_published_node_ids),
      volumeCondition: unsafe wire.volume_condition.map { unsafe VolumeCondition($0.pointee) })
  }

  fileprivate func ofGetVolume(
    in arena: Arena
  ) -> UnsafeMutablePointer<Csi__V1__ControllerGetVolumeResponse__VolumeStatus> {
    unsafe arena.message(csi__v1__controller_get_volume_response__volume_status__init) { wire in
      unsafe (wire.n_published_node_ids, wire.published_node_ids) = arena.strings(publishedNodeIDs)
      unsafe wire.volume_condition = volumeCondition.map { unsafe $0.nested(in: arena) }
    }
  }
}

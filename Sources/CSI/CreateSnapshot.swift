internal import CCSI
internal import ProtobufC

/// csi.v1.CreateSnapshotRequest
public struct CreateSnapshotRequest: Sendable {
  /// The volume.
  public var sourceVolumeID: String = ""
  /// Names the snapshot to be made: the same name is the same snapshot.
  public var name: String = ""
  /// What the operation needs to authenticate.
  public var secrets: Secrets = Secrets()
  /// A VolumeSnapshotClass's.
  public var parameters: [String: String] = [:]

  /// Nothing set.
  public init() {}
}

extension CreateSnapshotRequest: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__create_snapshot_request__init)

  init(_ wire: Csi__V1__CreateSnapshotRequest) {
    sourceVolumeID = unsafe readString(wire.source_volume_id)
    name = unsafe readString(wire.name)
    secrets = Secrets(unsafe readMap(wire.secrets, wire.n_secrets))
    parameters = unsafe readMap(wire.parameters, wire.n_parameters)
  }

  func fill(_ wire: inout Csi__V1__CreateSnapshotRequest, in arena: Arena) {
    unsafe wire.source_volume_id = arena.string(sourceVolumeID)
    unsafe wire.name = arena.string(name)
    unsafe (wire.n_secrets, wire.secrets) = arena.map(
      secrets.exposed, csi__v1__create_snapshot_request__secrets_entry__init)
    unsafe (wire.n_parameters, wire.parameters) = arena.map(
      parameters, csi__v1__create_snapshot_request__parameters_entry__init)
  }
}

/// csi.v1.CreateSnapshotResponse
public struct CreateSnapshotResponse: Hashable, Sendable {
  /// The snapshot.
  public var snapshot: Snapshot?

  /// All of it.
  public init(snapshot: Snapshot?) {
    self.snapshot = snapshot
  }
}

extension CreateSnapshotResponse: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__create_snapshot_response__init)

  init(_ wire: Csi__V1__CreateSnapshotResponse) {
    snapshot = unsafe wire.snapshot.map { unsafe Snapshot($0.pointee) }
  }

  func fill(_ wire: inout Csi__V1__CreateSnapshotResponse, in arena: Arena) {
    unsafe wire.snapshot = snapshot.map { unsafe $0.nested(in: arena) }
  }
}

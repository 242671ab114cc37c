internal import CCSI
internal import ProtobufC

/// csi.v1.DeleteSnapshotRequest
public struct DeleteSnapshotRequest: Sendable {
  /// The snapshot.
  public var snapshotID: String = ""
  /// What the operation needs to authenticate.
  public var secrets: Secrets = Secrets()

  /// Nothing set.
  public init() {}
}

extension DeleteSnapshotRequest: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__delete_snapshot_request__init)

  init(_ wire: Csi__V1__DeleteSnapshotRequest) {
    snapshotID = unsafe readString(wire.snapshot_id)
    secrets = Secrets(unsafe readMap(wire.secrets, wire.n_secrets))
  }

  func fill(_ wire: inout Csi__V1__DeleteSnapshotRequest, in arena: Arena) {
    unsafe wire.snapshot_id = arena.string(snapshotID)
    unsafe (wire.n_secrets, wire.secrets) = arena.map(
      secrets.exposed, csi__v1__delete_snapshot_request__secrets_entry__init)
  }
}

/// csi.v1.DeleteSnapshotResponse
public struct DeleteSnapshotResponse: Hashable, Sendable {
  /// It has no fields.
  public init() {}
}

extension DeleteSnapshotResponse: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__delete_snapshot_response__init)

  init(_ wire: Csi__V1__DeleteSnapshotResponse) {
  }

  func fill(_ wire: inout Csi__V1__DeleteSnapshotResponse, in arena: Arena) {
  }
}

internal import CCSI
internal import ProtobufC

/// csi.v1.GetSnapshotRequest
public struct GetSnapshotRequest: Sendable {
  /// The snapshot.
  public var snapshotID: String = ""
  /// What the operation needs to authenticate.
  public var secrets: Secrets = Secrets()

  /// Nothing set.
  public init() {}
}

extension GetSnapshotRequest: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__get_snapshot_request__init)

  init(_ wire: Csi__V1__GetSnapshotRequest) {
    snapshotID = unsafe readString(wire.snapshot_id)
    secrets = Secrets(unsafe readMap(wire.secrets, wire.n_secrets))
  }

  func fill(_ wire: inout Csi__V1__GetSnapshotRequest, in arena: Arena) {
    unsafe wire.snapshot_id = arena.string(snapshotID)
    unsafe (wire.n_secrets, wire.secrets) = arena.map(
      secrets.exposed, csi__v1__get_snapshot_request__secrets_entry__init)
  }
}

/// csi.v1.GetSnapshotResponse
public struct GetSnapshotResponse: Hashable, Sendable {
  /// The snapshot.
  public var snapshot: Snapshot?

  /// All of it.
  public init(snapshot: Snapshot?) {
    self.snapshot = snapshot
  }
}

extension GetSnapshotResponse: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__get_snapshot_response__init)

  init(_ wire: Csi__V1__GetSnapshotResponse) {
    snapshot = unsafe wire.snapshot.map { unsafe Snapshot($0.pointee) }
  }

  func fill(_ wire: inout Csi__V1__GetSnapshotResponse, in arena: Arena) {
    unsafe wire.snapshot = snapshot.map { unsafe $0.nested(in: arena) }
  }
}

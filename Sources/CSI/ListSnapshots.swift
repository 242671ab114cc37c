internal import CCSI
internal import ProtobufC

/// csi.v1.ListSnapshotsRequest
public struct ListSnapshotsRequest: Sendable {
  /// At most so many; 0: all.
  public var maxEntries: Int32 = 0
  /// What the page before answered as `nextToken`; empty: from the start.
  public var startingToken: String = ""
  /// Those of this volume only; empty: of all.
  public var sourceVolumeID: String = ""
  /// This one only; empty: all.
  public var snapshotID: String = ""
  /// What the operation needs to authenticate.
  public var secrets: Secrets = Secrets()

  /// Nothing set.
  public init() {}
}

extension ListSnapshotsRequest: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__list_snapshots_request__init)

  init(_ wire: Csi__V1__ListSnapshotsRequest) {
    maxEntries = unsafe wire.max_entries
    startingToken = unsafe readString(wire.starting_token)
    sourceVolumeID = unsafe readString(wire.source_volume_id)
    snapshotID = unsafe readString(wire.snapshot_id)
    secrets = Secrets(unsafe readMap(wire.secrets, wire.n_secrets))
  }

  func fill(_ wire: inout Csi__V1__ListSnapshotsRequest, in arena: Arena) {
    unsafe wire.max_entries = maxEntries
    unsafe wire.starting_token = arena.string(startingToken)
    unsafe wire.source_volume_id = arena.string(sourceVolumeID)
    unsafe wire.snapshot_id = arena.string(snapshotID)
    unsafe (wire.n_secrets, wire.secrets) = arena.map(
      secrets.exposed, csi__v1__list_snapshots_request__secrets_entry__init)
  }
}

/// csi.v1.ListSnapshotsResponse
public struct ListSnapshotsResponse: Hashable, Sendable {
  /// One page of them.
  public var entries: [Snapshot]
  /// Where the next page starts; empty: this was the last.
  public var nextToken: String

  /// All of it.
  public init(entries: [Snapshot], nextToken: String) {
    self.entries = entries
    self.nextToken = nextToken
  }
}

extension ListSnapshotsResponse: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__list_snapshots_response__init)

  init(_ wire: Csi__V1__ListSnapshotsResponse) {
    entries = unsafe UnsafeBufferPointer(start: wire.entries, count: wire.n_entries)
      .compactMap { unsafe $0?.pointee.snapshot }.map { unsafe Snapshot($0.pointee) }
    nextToken = unsafe readString(wire.next_token)
  }

  func fill(_ wire: inout Csi__V1__ListSnapshotsResponse, in arena: Arena) {
    unsafe (wire.n_entries, wire.entries) = arena.array(
      entries.map { snapshot in
        unsafe arena.message(csi__v1__list_snapshots_response__entry__init) {
          unsafe $0.snapshot = snapshot.nested(in: arena)
        }
      })
    unsafe wire.next_token = arena.string(nextToken)
  }
}

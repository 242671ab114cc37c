internal import CCSI
internal import ProtobufC

/// csi.v1.Snapshot: what the controller says of one.
public struct Snapshot: Hashable, Sendable {
  /// Of a volume made from it, at least; 0: not known.
  public var sizeBytes: Int64
  /// What all other calls name it by.
  public var snapshotID: String
  /// The volume it was taken of.
  public var sourceVolumeID: String
  /// When it was taken.
  public var creationTime: Timestamp?
  /// A volume can be made from it now.
  public var readyToUse: Bool
  /// The group it was taken with; empty: none.
  public var groupSnapshotID: String

  /// All of it.
  public init(
    sizeBytes: Int64, snapshotID: String, sourceVolumeID: String, creationTime: Timestamp?,
    readyToUse: Bool, groupSnapshotID: String = ""
  ) {
    self.sizeBytes = sizeBytes
    self.snapshotID = snapshotID
    self.sourceVolumeID = sourceVolumeID
    self.creationTime = creationTime
    self.readyToUse = readyToUse
    self.groupSnapshotID = groupSnapshotID
  }
}

extension Snapshot: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__snapshot__init)

  init(_ wire: Csi__V1__Snapshot) {
    sizeBytes = unsafe wire.size_bytes
    snapshotID = unsafe readString(wire.snapshot_id)
    sourceVolumeID = unsafe readString(wire.source_volume_id)
    creationTime = unsafe wire.creation_time.map { unsafe Timestamp($0.pointee) }
    readyToUse = unsafe wire.ready_to_use != 0
    groupSnapshotID = unsafe readString(wire.group_snapshot_id)
  }

  func fill(_ wire: inout Csi__V1__Snapshot, in arena: Arena) {
    unsafe wire.size_bytes = sizeBytes
    unsafe wire.snapshot_id = arena.string(snapshotID)
    unsafe wire.source_volume_id = arena.string(sourceVolumeID)
    unsafe wire.creation_time = creationTime.map { unsafe $0.nested(in: arena) }
    unsafe wire.ready_to_use = readyToUse ? 1 : 0
    unsafe wire.group_snapshot_id = arena.string(groupSnapshotID)
  }
}

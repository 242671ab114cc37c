internal import Backends
internal import JSON

/// What the controller knows of a snapshot, and the task that is under way on it; see `VolumeRecord`.
struct SnapshotRecord: Hashable, Sendable {
  let id: ObjectID
  /// The orchestrator's name for it.
  let name: String
  var phase: VolumeRecord.Phase
  /// Which life of which controller works on it, while it is not ready.
  var owner: String
  /// The volume it is of, which may be gone by now.
  let source: ObjectID
  /// Of a volume made from it; 0 until it is ready.
  var size: Int64 = 0
  /// When it was taken, in nanoseconds since 1970-01-01T00:00:00Z; 0 until it is ready.
  var takenAt: Int64 = 0
  /// The backend has said that volumes can be made from it.
  var isUsable = false
  /// How far a copy is.
  var progress: CopyProgress?

  init(
    id: ObjectID, name: String, phase: VolumeRecord.Phase, owner: String, source: ObjectID
  ) {
    self.id = id
    self.name = name
    self.phase = phase
    self.owner = owner
    self.source = source
  }
}

extension SnapshotRecord: ObjectRecord {
  static let folder = "snapshots"
  static let kind = ObjectID.Kind.snapshot
  /// Raised whenever an older driver would misread a record.
  static let schema: Int64 = 1

  var json: JSONValue {
    .members([
      ("schema", .number(Self.schema)),
      ("id", .string(id.description)),
      ("name", .string(name)),
      ("phase", .string(phase.rawValue)),
      ("owner", .string(owner)),
      ("source", .string(source.description)),
      ("size", .number(size)),
      ("takenAt", .number(takenAt)),
      ("usable", .bool(isUsable)),
      ("progress", progress?.json),
    ])
  }

  /// Reads a record; everything that does not fit is an error that names the field.
  init(json: JSONValue) throws {
    let fields = RecordFields(json, "record")
    try fields.check(schema: Self.schema)
    self.init(
      id: try fields.parse("id") { ObjectID($0, kind: .snapshot) },
      name: try fields.string("name"),
      phase: try fields.parse("phase") { VolumeRecord.Phase(rawValue: $0) },
      owner: try fields.string("owner"),
      source: try fields.parse("source") { ObjectID($0, kind: .volume) })
    size = try fields.integer("size")
    takenAt = try fields.integer("takenAt")
    isUsable = try fields.bool("usable")
    progress = try fields.optionalObject("progress").map { try CopyProgress(fields: $0) }
  }
}

internal import Backends
internal import JSON
internal import NVMe
public import StateStore

/// What a controller's state directory says, for people: read beside the controller that owns it.
public struct ControllerStatus: Sendable {
  /// Rows of text, a cell for each heading.
  public struct Table: Hashable, Sendable {
    /// The columns' names.
    public let heading: [String]
    /// A row for each object, in the order of ids.
    public let rows: [[String]]
  }

  /// The volumes.
  public let volumes: Table
  /// The snapshots.
  public let snapshots: Table
  /// Calls into the kernel that do not come back, as the controller last wrote them down.
  public let stuck: [String]
  /// Records that cannot be read, and why.
  public let broken: [String]

  /// Reads every record; its calls block. Fails when the directory cannot be read.
  public init(_ reader: StateReader) throws(StateStoreError) {
    var volumes: [[String]] = []
    var snapshots: [[String]] = []
    var stuck: [String] = []
    var broken: [String] = []
    for (key, content) in try reader.contents() {
      do {
        let bytes: [UInt8]
        switch content {
        case .value(let value): bytes = value
        case .broken(let reason): throw RecordError(reason)
        }
        if key.hasPrefix("\(VolumeRecord.folder)/") {
          volumes.append(Self.row(try VolumeRecord(json: JSONValue.parse(bytes))))
        } else if key.hasPrefix("\(SnapshotRecord.folder)/") {
          snapshots.append(Self.row(try SnapshotRecord(json: JSONValue.parse(bytes))))
        } else if key == StuckWatch.key {
          stuck = try StuckWatch.lines(bytes)
        }
      } catch {
        broken.append("\(key): \(error)")
      }
    }
    self.volumes = Table(
      heading: ["VOLUME", "NAME", "SIZE", "STATE", "NODES", "SUBSYSTEM"], rows: volumes)
    self.snapshots = Table(
      heading: ["SNAPSHOT", "NAME", "SIZE", "STATE", "SOURCE"], rows: snapshots)
    self.stuck = stuck
    self.broken = broken
  }

  private static func row(_ record: VolumeRecord) -> [String] {
    var state = record.phase.rawValue
    if let target = record.targetSize { state += ", expanding to \(ByteCount(target))" }
    if let progress = record.progress { state += ", \(progress)" }
    return [
      record.id.description, record.name, "\(ByteCount(record.size))", state,
      record.holders.keys.sorted().joined(separator: ","), record.location?.nqn.rawValue ?? "",
    ]
  }

  private static func row(_ record: SnapshotRecord) -> [String] {
    var state = record.phase.rawValue
    if let progress = record.progress { state += ", \(progress)" }
    return [
      record.id.description, record.name, "\(ByteCount(record.size))", state,
      record.source.description,
    ]
  }
}

internal import Backends
internal import CSI
internal import JSON
internal import NVMe

/// How a volume's record is written. Readable, since somebody may have to repair one by hand, and one
/// text for one record.
extension VolumeRecord: ObjectRecord {
  static let folder = "volumes"
  static let kind = ObjectID.Kind.volume
  /// Raised whenever an older driver would misread a record.
  static let schema: Int64 = 1

  var json: JSONValue {
    .members([
      ("schema", .number(Self.schema)),
      ("id", .string(id.description)),
      ("name", .string(name)),
      ("phase", .string(phase.rawValue)),
      ("owner", .string(owner)),
      ("request", request.json),
      ("size", .number(size)),
      ("targetSize", targetSize.map { .number($0) }),
      ("location", location?.json),
      (
        "holders",
        .array(
          holders.sorted { $0.key < $1.key }.map { node, holder in
            .members([
              ("node", .string(node)), ("host", .string(holder.host.rawValue)),
              ("readOnly", .bool(holder.isReadOnly)), ("block", .bool(holder.isBlock)),
              ("mode", .string(holder.mode.specName)),
            ])
          })
      ),
      ("progress", progress?.json),
      ("createdAt", .number(createdAt)),
    ])
  }

  /// Reads a record; everything that does not fit is an error that names the field.
  init(json: JSONValue) throws {
    let fields = RecordFields(json, "record")
    try fields.check(schema: Self.schema)
    self.init(
      id: try fields.parse("id") { ObjectID($0, kind: .volume) },
      name: try fields.string("name"),
      phase: try fields.parse("phase") { Phase(rawValue: $0) },
      owner: try fields.string("owner"),
      request: try Request(fields: try fields.object("request")),
      size: try fields.integer("size"),
      createdAt: try fields.integer("createdAt"))
    targetSize = try fields.optionalInteger("targetSize").map { Int64($0) }
    location = try fields.optionalObject("location").map { try Location(fields: $0) }
    for fields in try fields.objects("holders") {
      holders[try fields.string("node")] = Holder(
        host: try NQN(try fields.string("host")), isReadOnly: try fields.bool("readOnly"),
        isBlock: try fields.bool("block"),
        mode: try fields.parse("mode") { VolumeCapability.AccessMode(specName: $0) })
    }
    progress = try fields.optionalObject("progress").map { try CopyProgress(fields: $0) }
  }
}

extension VolumeRecord.Request {
  fileprivate var json: JSONValue {
    var source: String?
    switch content {
    case .empty: break
    case .snapshot(let id), .volume(let id): source = id.description
    }
    return .members([
      ("required", .number(required)), ("limit", .number(limit)),
      ("source", source.map { .string($0) }), ("connection", .strings(connection)),
      ("parameters", .strings(parameters)), ("access", .array(access.map { .string($0) })),
    ])
  }

  fileprivate init(fields: RecordFields) throws {
    let source = try fields.optional("source") { ObjectID($0) }
    let content = source.map { id -> VolumeSpecification.Content in
      id.kind == .snapshot ? .snapshot(id) : .volume(id)
    }
    self.init(
      required: try fields.integer("required"), limit: try fields.integer("limit"),
      content: content ?? .empty, connection: try fields.dictionary("connection"),
      parameters: try fields.dictionary("parameters"), access: try fields.strings("access"))
  }
}

extension VolumeRecord.Location {
  fileprivate var json: JSONValue {
    .members([
      ("nqn", .string(nqn.rawValue)), ("nsid", .number(nsid)),
      ("uuid", .string(uuid.description)),
      (
        "portals",
        .array(
          portals.map {
            .members([
              ("transport", .string($0.transport.rawValue)), ("address", .string($0.description)),
            ])
          })
      ),
    ])
  }

  fileprivate init(fields: RecordFields) throws {
    self.init(
      nqn: try NQN(try fields.string("nqn")),
      nsid: try fields.parse("nsid", number: { UInt32(exactly: $0) }),
      uuid: try fields.parse("uuid") { UUID($0) },
      portals: try fields.objects("portals").map {
        try TransportAddress(
          try $0.string("address"),
          transport: try $0.parse("transport") { Transport(rawValue: $0) })
      })
  }
}

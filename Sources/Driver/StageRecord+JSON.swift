internal import BlockDevice
internal import CSI
internal import JSON
internal import NVMe

/// How a stage record is written. Readable, since somebody may have to repair one by hand.
extension StageRecord {
  /// Raised whenever an older driver would misread a record.
  static let schema: Int64 = 1

  /// The record as JSON.
  var json: JSONValue {
    var object: [(String, JSONValue?)] = [
      ("schema", .number(Self.schema)),
      ("volume", .string(volume.rawValue)),
      ("phase", .string(phase.rawValue)),
      ("stagingPath", .string(stagingPath)),
      ("access", access.json),
      ("source", source.json),
    ]
    if let identity {
      object.append(
        (
          "identity",
          .members([
            ("uuid", identity.uuid.map { .string($0.description) }),
            ("nguid", identity.nguid.map { .string($0.description) }),
            ("wwid", .string(identity.wwid)),
          ])
        ))
    }
    if let formatting {
      object.append(
        (
          "formatting",
          .members([
            ("bootID", .string(formatting.bootID)),
            ("diskSequence", .number(formatting.diskSequence)),
          ])
        ))
    }
    object.append(("fileSystemErrors", fileSystemErrors.map { .number($0) }))
    object.append(("bootID", bootID.map { .string($0) }))
    object.append(
      (
        "targets",
        .array(
          targets.map { target in
            .members([
              ("path", .string(target.path)), ("readOnly", .bool(target.readOnly)),
              ("mode", .string(target.mode.specName)),
              ("renewed", target.isRenewed ? .bool(true) : nil),
            ])
          })
      ))
    return .members(object)
  }

  /// Reads a record; everything that does not fit is an error that names the field.
  init(json: JSONValue) throws {
    let fields = RecordFields(json, "record")
    let schema = try fields.integer("schema")
    guard schema == Self.schema else {
      throw RecordError("its schema is \(schema), and this driver knows \(Self.schema)")
    }
    volume = try VolumeID(try fields.string("volume"))
    phase = try fields.parse("phase") { Phase(rawValue: $0) }
    stagingPath = try fields.string("stagingPath")
    access = try VolumeAccess(fields: try fields.object("access"))
    source = try VolumeSource(fields: try fields.object("source"))
    identity = try fields.optionalObject("identity").map { fields in
      Identity(
        uuid: try fields.optional("uuid") { UUID($0) },
        nguid: try fields.optional("nguid") { NGUID($0) }, wwid: try fields.string("wwid"))
    }
    formatting = try fields.optionalObject("formatting").map { fields in
      FormatIntent(
        bootID: try fields.string("bootID"),
        diskSequence: UInt64(clamping: try fields.integer("diskSequence")))
    }
    fileSystemErrors = try fields.optionalInteger("fileSystemErrors").map {
      UInt64(clamping: $0)
    }
    bootID = try fields.optional("bootID") { $0 }
    targets = try fields.objects("targets").map { fields in
      Target(
        path: try fields.string("path"), readOnly: try fields.bool("readOnly"),
        mode: try fields.parse("mode") { VolumeCapability.AccessMode(specName: $0) },
        isRenewed: try fields.optionalBool("renewed") ?? false)
    }
  }
}

extension VolumeAccess {
  fileprivate var json: JSONValue {
    switch kind {
    case .block:
      .members([("kind", "block"), ("mode", .string(mode.specName))])
    case .fileSystem(let type, let flags):
      .members([
        ("kind", "fileSystem"), ("mode", .string(mode.specName)),
        ("type", .string(type.rawValue)), ("mountFlags", .array(flags.map { .string($0) })),
      ])
    }
  }

  fileprivate init(fields: RecordFields) throws {
    let mode = try fields.parse("mode") { VolumeCapability.AccessMode(specName: $0) }
    switch try fields.string("kind") {
    case "block": self.init(kind: .block, mode: mode)
    case "fileSystem":
      let type = try fields.parse("type") { FileSystemType(rawValue: $0) }
      self.init(kind: .fileSystem(type, flags: try fields.strings("mountFlags")), mode: mode)
    case let kind: throw RecordError("access.kind '\(kind)' is unknown")
    }
  }
}

extension VolumeSource {
  fileprivate var json: JSONValue {
    .members([
      ("nqn", .string(nqn.rawValue)), ("nsid", .number(nsid)),
      ("transport", .string(portals.first?.transport.rawValue ?? Transport.tcp.rawValue)),
      ("portals", .array(portals.map { .string($0.description) })),
      ("uuid", uuid.map { .string($0.description) }),
      ("nguid", nguid.map { .string($0.description) }),
      ("ctrlLossTmo", .number(options.ctrlLossTimeout)),
      ("reconnectDelay", .number(options.reconnectDelay)),
      ("keepAliveTmo", options.keepAliveTimeout.map { .number($0) }),
      ("nrIoQueues", options.ioQueues.map { .number($0) }),
      ("fastIoFailTmo", options.fastIOFailTimeout.map { .number($0) }),
      ("hostTraddr", options.hostAddress.map { .string($0) }),
      ("hostIface", options.hostInterface.map { .string($0) }),
      ("mkfsOptions", .array(mkfsOptions.map { .string($0) })),
    ])
  }

  fileprivate init(fields: RecordFields) throws {
    let transport = try fields.parse("transport") { Transport(rawValue: $0) }
    var options = ConnectOptions()
    options.ctrlLossTimeout = Int(clamping: try fields.integer("ctrlLossTmo"))
    options.reconnectDelay = Int(clamping: try fields.integer("reconnectDelay"))
    options.keepAliveTimeout = try fields.optionalInteger("keepAliveTmo")
    options.ioQueues = try fields.optionalInteger("nrIoQueues")
    options.fastIOFailTimeout = try fields.optionalInteger("fastIoFailTmo")
    options.hostAddress = try fields.optional("hostTraddr") { $0 }
    options.hostInterface = try fields.optional("hostIface") { $0 }
    self.init(
      nqn: try NQN(try fields.string("nqn")),
      portals: try fields.strings("portals").map {
        try TransportAddress($0, transport: transport)
      },
      nsid: try fields.parse("nsid", number: { UInt32(exactly: $0) }),
      uuid: try fields.optional("uuid") { UUID($0) },
      nguid: try fields.optional("nguid") { NGUID($0) }, options: options,
      mkfsOptions: try fields.strings("mkfsOptions"))
  }
}

extension VolumeCapability.AccessMode {
  /// The mode that csi.proto spells so.
  init?(specName: String) {
    guard let mode = Self.allCases.first(where: { $0.specName == specName }) else { return nil }
    self = mode
  }
}

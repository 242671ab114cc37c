internal import JSON
internal import NVMe

/// How an export record is written: one canonical form, readable, since somebody may have to repair one
/// by hand.
extension ExportRecord {
  /// Raised whenever an older driver would misread a record.
  static let format: Int64 = 1
  /// Far beyond a record; bounds what is parsed.
  private static let sizeLimit = 1 << 18

  /// Why a record is not what was written.
  struct Broken: Error, CustomStringConvertible {
    let description: String
  }

  var bytes: [UInt8] {
    let content: JSONValue =
      switch self.content {
      case .empty: .null
      case .snapshot(let source), .volume(let source): .string(source.description)
      }
    let object: JSONValue = [
      "format": .number(Self.format),
      "volume": .string(volume.description),
      "phase": .string(phase.rawValue),
      "nqn": .string(nqn.rawValue),
      "uuid": .string(uuid.description),
      "nguid": .string(nguid.description),
      "serial": .string(serial),
      "path": .string(path),
      "size": .number(size),
      "source": content,
      "transport": .string(portals.first?.transport.rawValue ?? Transport.tcp.rawValue),
      "portals": .array(portals.map { .string($0.description) }),
      "hosts": .array(Self.sorted(hosts)),
      "cutting": .array(Self.sorted(cutting)),
    ]
    return Array((object.serialized(pretty: true, sortedKeys: true) + "\n").utf8)
  }

  /// Reads the record of `volume`; the first thing that does not fit is said.
  init(_ bytes: [UInt8], of volume: ObjectID) throws(Broken) {
    let value: JSONValue
    do {
      value = try JSONValue.parse(bytes, maximumSize: Self.sizeLimit)
    } catch {
      throw Broken(description: "\(error)")
    }
    guard let format = value["format"]?.int64Value else {
      throw Broken(description: "it has no format")
    }
    guard format == Self.format else {
      throw Broken(description: "its format is \(format), and this driver knows \(Self.format)")
    }
    func text(_ name: String) throws(Broken) -> String {
      guard let text = value[name]?.stringValue else {
        throw Broken(description: "\(name) is no text")
      }
      return text
    }
    func texts(_ name: String) throws(Broken) -> [String] {
      let texts = value[name]?.arrayValue?.compactMap(\.stringValue)
      guard let texts, texts.count == value[name]?.arrayValue?.count else {
        throw Broken(description: "\(name) is no list of texts")
      }
      return texts
    }
    guard try text("volume") == volume.description else {
      throw Broken(description: "it is of another volume")
    }
    guard let phase = Phase(rawValue: try text("phase")),
      let uuid = UUID(try text("uuid")), let nguid = NGUID(try text("nguid")),
      let transport = Transport(rawValue: try text("transport")),
      let size = value["size"]?.int64Value, size > 0
    else { throw Broken(description: "phase, uuid, nguid, transport or size is not understood") }
    self.volume = volume
    self.phase = phase
    self.uuid = uuid
    self.nguid = nguid
    self.size = size
    serial = try text("serial")
    path = try text("path")
    content = try Self.content(value["source"])
    do {
      nqn = try NQN(try text("nqn"))
      portals = try texts("portals").map { try TransportAddress($0, transport: transport) }
      hosts = Set(try texts("hosts").map { try NQN($0) })
      cutting = Set(try texts("cutting").map { try NQN($0) })
    } catch {
      throw Broken(description: "\(error)")
    }
  }

  private static func content(
    _ source: JSONValue?
  ) throws(Broken) -> VolumeSpecification.Content {
    switch source {
    case .null?: return .empty
    case .string(let text)?:
      guard let id = ObjectID(text) else { break }
      return id.kind == .snapshot ? .snapshot(id) : .volume(id)
    default: break
    }
    throw Broken(description: "source is no name of ours")
  }

  private static func sorted(_ hosts: Set<NQN>) -> [JSONValue] {
    hosts.map(\.rawValue).sorted().map { .string($0) }
  }
}

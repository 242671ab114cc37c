internal import JSON

/// What a file pool knows of an image besides its bytes: a JSON file beside it, readable and written in
/// one canonical form.
struct ImageRecord: Hashable {
  /// What an image is.
  enum Origin: Hashable {
    case volume(VolumeSpecification.Content, allocation: Allocation)
    /// A snapshot of a volume, taken at so many nanoseconds since 1970.
    case snapshot(of: ObjectID, takenAt: Int64)
  }

  /// How much room a volume gets in advance.
  enum Allocation: String, CaseIterable {
    /// None: blocks come when they are written.
    case thin
    /// All of it. Blocks that a snapshot shares get theirs when they are written.
    case full
  }

  /// Raised whenever an older driver would misread a record.
  static let format: Int64 = 1
  /// Far beyond a record; bounds what is read into memory.
  static let sizeLimit = 1 << 14

  var id: ObjectID
  /// The image's length.
  var size: Int64
  /// The length it is being given: while this is there it has either.
  var growingTo: Int64?
  var origin: Origin

  /// What was made, to compare a retry with.
  var parameters: [String: String] {
    guard case .volume(_, let allocation) = origin else { return [:] }
    return ["allocation": allocation.rawValue]
  }

  /// Why a record is not what was written.
  struct Broken: Error { let reason: String }

  /// The file.
  var bytes: [UInt8] {
    var object = JSONObject()
    object["format"] = .number(Self.format)
    object["id"] = .string(id.description)
    object["size"] = .number(size)
    object["growingTo"] = growingTo.map { .number($0) }
    switch origin {
    case .volume(let content, let allocation):
      object["allocation"] = .string(allocation.rawValue)
      switch content {
      case .empty: break
      case .snapshot(let source), .volume(let source):
        object["source"] = .string(source.description)
      }
    case .snapshot(let source, let takenAt):
      object["source"] = .string(source.description)
      object["takenAt"] = .number(takenAt)
    }
    return Array((JSONValue.object(object).serialized(sortedKeys: true) + "\n").utf8)
  }

  /// Reads a record of `id`; what does not fit is said.
  init(_ bytes: [UInt8], of id: ObjectID) throws(Broken) {
    let value: JSONValue
    do {
      value = try JSONValue.parse(bytes, maximumSize: Self.sizeLimit)
    } catch {
      throw Broken(reason: "\(error)")
    }
    guard let format = value["format"]?.int64Value else { throw Broken(reason: "no format") }
    guard format == Self.format else {
      throw Broken(reason: "format \(format), and this driver knows \(Self.format)")
    }
    guard value["id"]?.stringValue == id.description else {
      throw Broken(reason: "it is of another object")
    }
    guard let size = value["size"]?.int64Value, size > 0 else { throw Broken(reason: "no size") }
    self.init(
      id: id, size: size, growingTo: value["growingTo"]?.int64Value,
      origin: try Self.origin(value, id))
    // Whatever else is in it, or is spelled in another way, was not written by this driver.
    guard self.bytes == bytes else { throw Broken(reason: "not as this driver writes it") }
  }

  init(id: ObjectID, size: Int64, growingTo: Int64? = nil, origin: Origin) {
    self.id = id
    self.size = size
    self.growingTo = growingTo
    self.origin = origin
  }

  private static func origin(_ value: JSONValue, _ id: ObjectID) throws(Broken) -> Origin {
    var source: ObjectID?
    if let text = value["source"] {
      source = text.stringValue.flatMap { ObjectID($0) }
      guard source != nil else { throw Broken(reason: "source is no name of ours") }
    }
    switch id.kind {
    case .snapshot:
      guard let source, source.kind == .volume, let takenAt = value["takenAt"]?.int64Value else {
        throw Broken(reason: "no source or no time")
      }
      return .snapshot(of: source, takenAt: takenAt)
    case .volume:
      guard let allocation = value["allocation"]?.stringValue.flatMap(Allocation.init(rawValue:))
      else { throw Broken(reason: "no allocation") }
      let content: VolumeSpecification.Content =
        switch source?.kind {
        case nil: .empty
        case .snapshot?: source.map { .snapshot($0) } ?? .empty
        case .volume?: source.map { .volume($0) } ?? .empty
        }
      return .volume(content, allocation: allocation)
    }
  }
}

public import JSON

extension MessageDescriptor {
  /// A message's bytes as JSON, in the mapping of proto3: lowerCamelCase names in the order of the
  /// fields, 64-bit integers as strings, enums by name, fields that are not on the wire left out.
  /// Throws what a strict decoding would throw.
  ///
  /// `showsFalse`: a bool that is not on the wire is there as `false`, which to people says more than
  /// nothing.
  ///
  /// Two things of proto3 that CSI has none of are not done: `bytes` fields are an error, and
  /// repeated numbers are read unpacked only.
  public func json(_ bytes: [UInt8], showsFalse: Bool = false) throws(WireError) -> JSONValue {
    try unsafe bytes.withUnsafeBufferPointer { (buffer) throws(WireError) -> JSONValue in
      let bytes = UnsafeRawBufferPointer(buffer)
      try unsafe check(bytes)
      return try unsafe json(checked: bytes, showsFalse)
    }
  }

  private func json(
    checked bytes: UnsafeRawBufferPointer, _ showsFalse: Bool
  ) throws(WireError) -> JSONValue {
    var single: [UInt32: JSONValue] = [:]
    var lists: [UInt32: [JSONValue]] = [:]
    var maps: [UInt32: [String: JSONValue]] = [:]
    var reader = unsafe WireReader(bytes, of: name)
    while let (number, value) = try unsafe reader.next() {
      guard let field = field(number) else { continue }
      let json = try unsafe self.json(value, of: field, showsFalse)
      if field.mapEntry != nil {
        maps[number, default: [:]][json["key"]?.stringValue ?? ""] = json["value"] ?? ""
      } else if field.isRepeated {
        lists[number, default: []].append(json)
      } else {
        single[number] = json
      }
    }
    var object = JSONObject()
    for field in fields {
      if let value = single[field.number] {
        object[field.jsonName] = value
      } else if let list = lists[field.number] {
        object[field.jsonName] = .array(list)
      } else if let map = maps[field.number] {
        var members = JSONObject()
        for (key, value) in map.sorted(by: { $0.key < $1.key }) { members[key] = value }
        object[field.jsonName] = .object(members)
      } else if showsFalse, !field.isRepeated, case .bool = field.kind {
        object[field.jsonName] = false
      }
    }
    return WellKnown(fullName)?.json(object, of: self) ?? .object(object)
  }

  private func json(
    _ value: WireReader.Value, of field: FieldDescriptor, _ showsFalse: Bool
  ) throws(WireError) -> JSONValue {
    switch (field.kind, unsafe value) {
    case (.message(let message), .bytes(let bytes)):
      return try unsafe message.json(checked: bytes, showsFalse)
    case (.string, .bytes(let bytes)): return .string(unsafe String(decoding: bytes, as: UTF8.self))
    case (.bool, .varint(let value)): return .bool(value != 0)
    case (.signed, .varint(let value)):
      return field.is32Bit
        ? .number(Int32(truncatingIfNeeded: value)) : .string(String(Int64(bitPattern: value)))
    case (.unsigned, .varint(let value)):
      return field.is32Bit ? .number(UInt32(truncatingIfNeeded: value)) : .string(String(value))
    case (.zigzag, .varint(let value)):
      let number = Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
      return field.is32Bit ? .number(Int32(truncatingIfNeeded: number)) : .string(String(number))
    case (.enumeration, .varint(let value)):
      let number = Int32(truncatingIfNeeded: value)
      return field.enumName(Int64(number)).map { .string($0) } ?? .number(number)
    case (.fixed32, .fixed32(let value)): return .number(value)
    case (.fixed64, .fixed64(let value)): return .string(String(value))
    case (.float, .fixed32(let value)):
      return JSONNumber(Double(Float(bitPattern: value))).map { .number($0) } ?? .null
    case (.double, .fixed64(let value)):
      return JSONNumber(Double(bitPattern: value)).map { .number($0) } ?? .null
    case (.bytes, .bytes):
      throw WireError("\(name).\(field.name): its type cannot be shown as JSON")
    default:
      throw WireError("\(name).\(field.name): malformed: not of the field's type")
    }
  }
}

public import JSON

extension MessageDescriptor {
  /// A message's bytes as JSON, in the mapping of proto3: lowerCamelCase names, 64-bit integers as
  /// strings, enums by name, fields with their default value left out.
  ///
  /// Repeated numbers, which CSI has none of, are read unpacked only.
  public func json(_ bytes: [UInt8]) throws(WireError) -> JSONValue {
    try unsafe bytes.withUnsafeBufferPointer { (buffer) throws(WireError) -> JSONValue in
      let bytes = UnsafeRawBufferPointer(buffer)
      try unsafe check(bytes)
      return try unsafe json(checked: bytes)
    }
  }

  private func json(checked bytes: UnsafeRawBufferPointer) throws(WireError) -> JSONValue {
    var object = JSONObject()
    var reader = unsafe WireReader(bytes, of: name)
    while let (number, value) = try unsafe reader.next() {
      guard let field = field(number) else { continue }
      let json = try unsafe self.json(value, of: field)
      if field.mapEntry != nil {
        var map = object[field.jsonName]?.objectValue ?? JSONObject()
        map[json["key"]?.stringValue ?? ""] = json["value"] ?? ""
        object[field.jsonName] = .object(map)
      } else if field.isRepeated {
        object[field.jsonName] = .array((object[field.jsonName]?.arrayValue ?? []) + [json])
      } else {
        object[field.jsonName] = json
      }
    }
    return WellKnown(fullName)?.json(object) ?? .object(object)
  }

  private func json(
    _ value: WireReader.Value, of field: FieldDescriptor
  ) throws(WireError) -> JSONValue {
    switch (field.kind, unsafe value) {
    case (.message(let message), .bytes(let bytes)): return try unsafe message.json(checked: bytes)
    case (.string, .bytes(let bytes)): return .string(unsafe String(decoding: bytes, as: UTF8.self))
    case (.bytes, .bytes(let bytes)):
      return .string(unsafe bytes.map { String($0, radix: 16) }.joined(separator: " "))
    case (.bool, .varint(let value)): return .bool(value != 0)
    case (.signed, .varint(let value)): return .string(String(Int64(bitPattern: value)))
    case (.unsigned, .varint(let value)): return .string(String(value))
    case (.zigzag, .varint(let value)):
      return .string(String(Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)))
    case (.enumeration, .varint(let value)):
      let number = Int64(bitPattern: value)
      return field.enumName(number).map { .string($0) } ?? .number(number)
    case (.fixed32, .fixed32(let value)): return .number(value)
    case (.fixed64, .fixed64(let value)): return .string(String(value))
    case (.float, .fixed32(let value)):
      return JSONNumber(Double(Float(bitPattern: value))).map { .number($0) } ?? .null
    case (.double, .fixed64(let value)):
      return JSONNumber(Double(bitPattern: value)).map { .number($0) } ?? .null
    default:
      throw WireError("\(name).\(field.name): malformed: not of the field's type")
    }
  }
}

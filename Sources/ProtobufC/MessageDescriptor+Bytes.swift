public import JSON

extension MessageDescriptor {
  /// The bytes of the message that JSON describes.  Fields go by their JSON or their original name;
  /// a name that is no field, or a value that does not fit, is an error that says where.
  public func bytes(_ json: JSONValue) throws(WireError) -> [UInt8] {
    let wellKnown = WellKnown(fullName)
    guard let object = wellKnown?.object(json) ?? json.objectValue else {
      throw WireError("\(name): want \(wellKnown?.want ?? "an object"), have \(json.kind)")
    }
    var bytes = WireBytes()
    var seen: Set<UInt32> = []
    for member in object.members {
      let matches = fields.filter { $0.name == member.name || $0.jsonName == member.name }
      guard let field = matches.first else {
        let known = fields.map(\.name).joined(separator: ", ")
        throw WireError("\(name) has no field '\(member.name)'; it has: \(known)")
      }
      guard seen.insert(field.number).inserted else {
        throw WireError("\(name).\(field.name): comes under both of its names")
      }
      if case .null = member.value { continue }
      try append(member.value, of: field, to: &bytes)
    }
    return bytes.bytes
  }

  private func append(
    _ value: JSONValue, of field: FieldDescriptor, to bytes: inout WireBytes
  ) throws(WireError) {
    if let (key, entryValue) = field.mapEntry {
      guard let map = value.objectValue else {
        throw WireError("\(name).\(field.name): want an object, have \(value.kind)")
      }
      for member in map.members {
        var entry = WireBytes()
        let place = "\(name).\(field.name)"
        try appendOne(.string(member.name), of: key, at: place, to: &entry)
        try appendOne(member.value, of: entryValue, at: place, to: &entry)
        bytes.append(field.number, bytes: entry.bytes)
      }
    } else if field.isRepeated {
      guard let array = value.arrayValue else {
        throw WireError("\(name).\(field.name): want an array, have \(value.kind)")
      }
      for element in array {
        try appendOne(element, of: field, at: "\(name).\(field.name)", to: &bytes)
      }
    } else {
      try appendOne(value, of: field, at: "\(name).\(field.name)", to: &bytes)
    }
  }

  private func appendOne(
    _ value: JSONValue, of field: FieldDescriptor, at place: String, to bytes: inout WireBytes
  ) throws(WireError) {
    let integer = value.int64Value ?? value.stringValue.flatMap { Int64($0) }
    switch field.kind {
    case .message(let message):
      return bytes.append(field.number, bytes: try message.bytes(value))
    case .string:
      if let text = value.stringValue {
        guard !text.utf8.contains(0) else {
          throw WireError("\(place): has a NUL in it")
        }
        return bytes.append(field.number, bytes: Array(text.utf8))
      }
    case .bool:
      if let value = value.boolValue { return bytes.append(field.number, varint: value ? 1 : 0) }
    case .enumeration:
      if let number = value.stringValue.flatMap({ field.enumNumber($0) }) ?? integer,
        Int32(exactly: number) != nil
      {
        return bytes.append(field.number, varint: UInt64(bitPattern: number))
      }
      if value.stringValue != nil {
        let known = field.enumNames.joined(separator: ", ")
        throw WireError("\(place): not one of its names; they are: \(known)")
      }
    case .signed:
      if let integer, field.takes(integer) {
        return bytes.append(field.number, varint: UInt64(bitPattern: integer))
      }
    case .unsigned:
      if let number = value.uint64Value ?? value.stringValue.flatMap({ UInt64($0) }),
        !field.is32Bit || number <= UInt32.max
      {
        return bytes.append(field.number, varint: number)
      }
    case .zigzag:
      if let integer, field.takes(integer) {
        return bytes.append(
          field.number, varint: UInt64(bitPattern: integer << 1 ^ integer >> 63))
      }
    case .fixed32, .fixed64, .float, .double, .bytes:
      throw WireError("\(place): its type cannot be written from JSON")
    }
    throw WireError("\(place): \(value.kind) is not what the field takes")
  }
}

extension FieldDescriptor {
  /// A signed integer is within the field's bits.
  fileprivate func takes(_ integer: Int64) -> Bool { !is32Bit || Int32(exactly: integer) != nil }
}

/// A message's bytes in the making.
struct WireBytes {
  private(set) var bytes: [UInt8] = []

  mutating func append(_ number: UInt32, varint value: UInt64) {
    append(UInt64(number) << 3)
    append(value)
  }

  mutating func append(_ number: UInt32, bytes content: [UInt8]) {
    append(UInt64(number) << 3 | 2)
    append(UInt64(content.count))
    bytes += content
  }

  private mutating func append(_ varint: UInt64) {
    var rest = varint
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

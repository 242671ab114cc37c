extension JSONValue {
  /// Reads one JSON text, strictly by RFC 8259: no comments, no trailing commas, no byte order mark,
  /// nothing after the value but white space. Beyond the RFC it refuses what readers disagree about:
  /// a name that comes twice in an object, and surrogates that are not a pair.
  ///
  /// - Parameters:
  ///   - bytes: UTF-8.
  ///   - maximumSize: bytes; a longer text is refused unread.
  ///   - maximumDepth: how deep arrays and objects may nest.
  public static func parse(
    _ bytes: [UInt8], maximumSize: Int = 4 << 20, maximumDepth: Int = 64
  ) throws(JSONError) -> JSONValue {
    guard bytes.count <= maximumSize else {
      throw JSONError(
        offset: maximumSize, reason: "\(bytes.count) bytes; the limit is \(maximumSize)")
    }
    var parser = JSONParser(bytes: bytes, maximumDepth: maximumDepth)
    return try parser.document()
  }

  /// Reads one JSON text; see `parse(_:maximumSize:maximumDepth:)`.
  public static func parse(_ text: String) throws(JSONError) -> JSONValue {
    try parse(Array(text.utf8))
  }
}

/// A recursive descent over the bytes of one text.
struct JSONParser {
  let bytes: [UInt8]
  let maximumDepth: Int
  var position = 0
  private var depth = 0

  init(bytes: [UInt8], maximumDepth: Int) {
    self.bytes = bytes
    self.maximumDepth = maximumDepth
  }

  mutating func document() throws(JSONError) -> JSONValue {
    let value = try value()
    skipWhitespace()
    guard position == bytes.count else { throw error("expected the end of the text") }
    return value
  }

  /// The next byte; nil at the end.
  var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  func error(_ reason: String) -> JSONError { JSONError(offset: position, reason: reason) }

  private mutating func value() throws(JSONError) -> JSONValue {
    skipWhitespace()
    guard let byte = next else { throw error("the text ends where a value is expected") }
    switch byte {
    case UInt8(ascii: "{"): return try nested { (parser) throws(JSONError) in try parser.object() }
    case UInt8(ascii: "["): return try nested { (parser) throws(JSONError) in try parser.array() }
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
    default: throw error("expected a value")
    }
  }

  private mutating func nested(
    _ body: (inout Self) throws(JSONError) -> JSONValue
  ) throws(JSONError) -> JSONValue {
    guard depth < maximumDepth else { throw error("nested deeper than \(maximumDepth)") }
    depth += 1
    defer { depth -= 1 }
    position += 1
    return try body(&self)
  }

  private mutating func object() throws(JSONError) -> JSONValue {
    var members: [JSONObject.Member] = []
    var names: Set<String> = []
    skipWhitespace()
    if take("}") { return .object(JSONObject()) }
    repeat {
      skipWhitespace()
      guard next == UInt8(ascii: "\"") else { throw error("expected a member's name in quotes") }
      let start = position
      let name = try string()
      guard names.insert(name).inserted else {
        throw JSONError(offset: start, reason: "a member's name comes twice")
      }
      skipWhitespace()
      guard take(":") else { throw error("expected ':'") }
      members.append(JSONObject.Member(name: name, value: try value()))
      skipWhitespace()
    } while take(",")
    guard take("}") else { throw error("expected ',' or '}'") }
    return .object(JSONObject(uniqueMembers: members))
  }

  private mutating func array() throws(JSONError) -> JSONValue {
    var elements: [JSONValue] = []
    skipWhitespace()
    if take("]") { return .array([]) }
    repeat {
      elements.append(try value())
      skipWhitespace()
    } while take(",")
    guard take("]") else { throw error("expected ',' or ']'") }
    return .array(elements)
  }

  private mutating func literal(
    _ text: StaticString, _ value: JSONValue
  ) throws(JSONError) -> JSONValue {
    let expected = Array(text.description.utf8)
    guard bytes[position...].starts(with: expected) else { throw error("expected a value") }
    position += expected.count
    return value
  }

  private mutating func number() throws(JSONError) -> JSONNumber {
    let start = position
    _ = take("-")
    if !take("0") { try digits() }
    if take(".") { try digits() }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      try digits()
    }
    return JSONNumber(checked: String(decoding: bytes[start..<position], as: UTF8.self))
  }

  private mutating func digits() throws(JSONError) {
    let start = position
    while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
    guard position > start else { throw error("expected a digit") }
  }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func skipWhitespace() {
    while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
      position += 1
    }
  }
}

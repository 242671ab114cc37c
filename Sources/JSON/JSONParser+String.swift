extension JSONParser {
  /// A string; the position is at its opening quote.
  mutating func string() throws(JSONError) -> String {
    let start = position
    position += 1
    var content: [UInt8] = []
    while true {
      let runStart = position
      while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
        position += 1
      }
      content += bytes[runStart..<position]
      switch next {
      case UInt8(ascii: "\""):
        position += 1
        guard let string = String(validating: content, as: UTF8.self) else {
          throw JSONError(offset: start, reason: "the string is not valid UTF-8")
        }
        return string
      case UInt8(ascii: "\\"):
        position += 1
        content += Array(String(Character(try escape())).utf8)
      case nil:
        throw JSONError(offset: start, reason: "the string does not end")
      default:
        throw error("a control character in a string must be escaped")
      }
    }
  }

  /// What follows a backslash.
  private mutating func escape() throws(JSONError) -> Unicode.Scalar {
    let start = position - 1
    guard let byte = next else { throw error("the escape does not end") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let unit = try hexadecimalUnit()
      if let scalar = Unicode.Scalar(unit) { return scalar }
      guard UTF16.isLeadSurrogate(unit), take("\\"), take("u") else {
        throw JSONError(offset: start, reason: "a surrogate without its pair")
      }
      let trail = try hexadecimalUnit()
      guard UTF16.isTrailSurrogate(trail) else {
        throw JSONError(offset: start, reason: "a surrogate without its pair")
      }
      return UTF16.decode(UTF16.EncodedScalar([unit, trail]))
    default:
      throw JSONError(offset: start, reason: "unknown escape")
    }
  }

  private mutating func hexadecimalUnit() throws(JSONError) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw error("expected four hexadecimal digits")
      }
      unit = unit << 4 | UInt16(digit)
      position += 1
    }
    return unit
  }
}

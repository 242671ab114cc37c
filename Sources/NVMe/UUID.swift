/// 128 bits as RFC 9562 writes them: namespace UUIDs and host ids.
public struct UUID: Hashable, Sendable, CustomStringConvertible {
  /// In network order.
  let bytes: [UInt8]

  /// Parses `8-4-4-4-12` hexadecimal digits, in either case.
  public init?(_ text: String) {
    let groups = text.split(separator: "-", omittingEmptySubsequences: false)
    guard groups.map(\.utf8.count) == [8, 4, 4, 4, 12],
      let bytes = hexadecimalBytes(groups.joined())
    else { return nil }
    self.bytes = bytes
  }

  /// The name-based UUID of version 5 (RFC 9562, 5.5): SHA-1 of the namespace and the name.
  public init(namespace: UUID, name: String) {
    var bytes = Array(SHA1.digest(namespace.bytes + Array(name.utf8)).prefix(16))
    bytes[6] = bytes[6] & 0x0f | 0x50
    bytes[8] = bytes[8] & 0x3f | 0x80
    self.bytes = bytes
  }

  /// Lower case, with dashes.
  public var description: String {
    var text = hexadecimalText(bytes)
    for offset in [20, 16, 12, 8] {
      text.insert("-", at: text.index(text.startIndex, offsetBy: offset))
    }
    return text
  }
}

/// Two digits a byte; nil for an odd number of digits or anything that is none.
func hexadecimalBytes(_ text: some StringProtocol) -> [UInt8]? {
  let digits = text.utf8.map { byte -> UInt8? in
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46, 0x61...0x66: (byte | 0x20) - 0x61 + 10
    default: nil
    }
  }
  guard digits.count.isMultiple(of: 2) else { return nil }
  var bytes: [UInt8] = []
  for index in stride(from: 0, to: digits.count, by: 2) {
    guard let high = digits[index], let low = digits[index + 1] else { return nil }
    bytes.append(high << 4 | low)
  }
  return bytes
}

/// Lower case.
func hexadecimalText(_ bytes: [UInt8]) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

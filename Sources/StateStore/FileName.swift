/// The name of a key's file: letters, digits, `-` and `_` stand for themselves, every other byte is
/// `%XX`.  So no key can name another directory, a hidden file, or a file that was set aside, whose
/// name has a dot in it.
struct FileName: Hashable {
  /// Leaves room in 255 for what temporary and broken files add.
  private static let limit = 200

  let key: String
  let text: String

  init(key: String) throws(StateStoreError) {
    let text = Self.escape(key)
    guard !key.isEmpty, text.utf8.count <= Self.limit else { throw .invalidKey(key) }
    self.key = key
    self.text = text
  }

  /// Nil for a name that no key has.
  init?(text: String) {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard rest.count >= 2, let value = UInt8(String(Substring(rest.prefix(2))), radix: 16) else {
        return nil
      }
      bytes.append(value)
      rest.removeFirst(2)
    }
    guard let key = String(validating: bytes, as: UTF8.self), !key.isEmpty,
      Self.escape(key) == text
    else { return nil }
    self.key = key
    self.text = text
  }

  private static func escape(_ key: String) -> String {
    let digits = Array("0123456789ABCDEF")
    return key.utf8.reduce(into: "") { text, byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
        text.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        text += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
      }
    }
  }
}

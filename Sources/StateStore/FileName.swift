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

  /// Nil for a name that no key has: each has one spelling.
  init?(text: String) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    var rest = text.utf8.makeIterator()
    while let byte = rest.next() {
      if Self.standsForItself(byte) {
        bytes.append(byte)
        continue
      }
      guard byte == UInt8(ascii: "%"), let high = rest.next().flatMap(Self.value),
        let low = rest.next().flatMap(Self.value), !Self.standsForItself(high << 4 | low)
      else { return nil }
      bytes.append(high << 4 | low)
    }
    guard let key = String(validating: bytes, as: UTF8.self), !key.isEmpty else { return nil }
    self.key = key
    self.text = text
  }

  /// The name of a key, or what the names of all keys that begin so begin with.
  static func escape(_ key: String) -> String {
    var text: [UInt8] = []
    text.reserveCapacity(key.utf8.count + 8)
    for byte in key.utf8 {
      if standsForItself(byte) {
        text.append(byte)
      } else {
        text += [UInt8(ascii: "%"), digit(byte >> 4), digit(byte & 15)]
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  private static func standsForItself(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

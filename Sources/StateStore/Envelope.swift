/// A value as its file holds it: one line that tells whether the rest is what was written, then the
/// bytes themselves, so that people can read them.
///
/// ```
/// nvmeof-csi-state 1 <version> <length> <CRC-32C, 8 hexadecimal digits>
/// ```
/// The checksum is over the key, the version and the bytes: a file under another's name is broken too.
struct Envelope {
  private static let name = "nvmeof-csi-state"
  private static let format = "1"
  /// Far beyond a record; bounds what is read into memory.
  static let sizeLimit = 1 << 20
  /// The longest file: the line is shorter than 128 bytes.
  static let fileLimit = sizeLimit + 128

  /// Why a file is not what was written.
  struct Broken: Error { let reason: String }

  static func checkSize(_ bytes: [UInt8], key: String) throws(StateStoreError) {
    guard bytes.count <= sizeLimit else {
      throw .tooLarge(key: key, size: bytes.count, limit: sizeLimit)
    }
  }

  static func seal(_ value: StoredValue, key: String) -> [UInt8] {
    let line = "\(name) \(format) \(value.version) \(value.bytes.count) \(checksum(value, key))\n"
    return Array(line.utf8) + value.bytes
  }

  static func open(_ file: [UInt8], key: String) throws(Broken) -> StoredValue {
    guard let end = file.firstIndex(of: UInt8(ascii: "\n")) else {
      throw Broken(reason: "has no first line")
    }
    let fields = String(decoding: file[..<end], as: UTF8.self)
      .split(separator: " ", omittingEmptySubsequences: false)
    guard fields.first == name[...] else { throw Broken(reason: "is no state file") }
    guard fields.count > 1, fields[1] == format else {
      throw Broken(reason: "has a format that this version does not know")
    }
    let bytes = Array(file[(end + 1)...])
    guard fields.count == 5, let version = UInt64(fields[2]), let length = UInt32(fields[3]) else {
      throw Broken(reason: "has a malformed first line")
    }
    guard bytes.count == Int(length) else {
      throw Broken(reason: "has \(bytes.count) bytes where \(length) were written")
    }
    let value = StoredValue(bytes: bytes, version: version)
    // The whole line again: a number has more than one spelling, and we write one.
    guard seal(value, key: key).starts(with: file[...end]) else {
      throw Broken(reason: "has a wrong checksum")
    }
    return value
  }

  private static func checksum(_ value: StoredValue, _ key: String) -> String {
    var sum = CRC32C()
    sum.update(with: key.utf8)
    sum.update(with: "\n\(value.version)\n".utf8)
    sum.update(with: value.bytes)
    let digits = String(sum.value, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}

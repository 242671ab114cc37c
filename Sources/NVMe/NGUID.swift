/// A Namespace Globally Unique Identifier: 16 bytes (NVMe Base Specification 2.0, 4.5.1).
public struct NGUID: Hashable, Sendable, CustomStringConvertible {
  let bytes: [UInt8]

  /// Parses 32 hexadecimal digits, dashes allowed as sysfs prints them.
  public init?(_ text: String) {
    let digits = text.filter { $0 != "-" }
    guard digits.utf8.count == 32, let bytes = hexadecimalBytes(digits),
      bytes.contains(where: { $0 != 0 })
    else { return nil }
    self.bytes = bytes
  }

  /// 32 lower-case hexadecimal digits.
  public var description: String { hexadecimalText(bytes) }
}

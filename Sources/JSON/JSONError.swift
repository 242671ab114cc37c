/// Why a text is not the JSON that was asked for.
///
/// It says where and what kind of thing is wrong, but never quotes the text: that may be a secret.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The byte at which the text stopped being acceptable, counted from 0.
  public let offset: Int
  /// What is wrong there.
  public let reason: String

  /// An error at a byte of the text.
  public init(offset: Int, reason: String) {
    self.offset = offset
    self.reason = reason
  }

  /// Such as `invalid JSON at byte 12: expected ':'`.
  public var description: String { "invalid JSON at byte \(offset): \(reason)" }
}

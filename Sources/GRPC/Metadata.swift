/// What a caller says beside its request: keys and values in the order in which they came.
public struct Metadata: Hashable, Sendable {
  /// Keys are lower case and may repeat.
  public var elements: [Element] = []

  /// One key with its value.
  public struct Element: Hashable, Sendable {
    /// Lower-case ASCII; ends in `-bin` when the value is not printable ASCII.
    public let key: String
    /// The value's bytes, not encoded.
    public let value: [UInt8]

    /// Legality is checked when it is sent: an illegal key or value fails the call.
    public init(key: String, value: [UInt8]) {
      self.key = key
      self.value = value
    }
  }

  /// No metadata.
  public init() {}
}

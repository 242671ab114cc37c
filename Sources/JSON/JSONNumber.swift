/// A JSON number as it is written, so that no digit is lost on the way through.
///
/// Equal numbers are numbers written the same way: `1` and `1.0` differ.
public struct JSONNumber: Hashable, Sendable, CustomStringConvertible {
  /// The number as in the JSON text, for example `-12.5e3`.
  public let text: String

  /// An integer.
  public init(_ value: some FixedWidthInteger) { text = String(value) }

  /// A floating-point number in the shortest form that reads back as the same value; nil for
  /// infinities and NaN, which JSON cannot say.
  public init?(_ value: Double) {
    guard value.isFinite else { return nil }
    text = value.description
  }

  /// For the parser, which has checked the grammar.
  init(checked text: String) { self.text = text }

  /// The value if it is an integer in the range of `Int64`. `1.0` and `1e3` count as integers up to
  /// 2^53, beyond which a `Double` does not tell neighbours apart.
  public var int64Value: Int64? { Int64(text) ?? smallInteger.map { Int64($0) } }

  /// The value if it is an integer in the range of `UInt64`; see `int64Value`.
  public var uint64Value: UInt64? { UInt64(text) ?? smallInteger.flatMap { UInt64(exactly: $0) } }

  /// The nearest `Double`; nil if the number is beyond its range.
  public var doubleValue: Double? { Double(text).flatMap { $0.isFinite ? $0 : nil } }

  /// The number as in the JSON text.
  public var description: String { text }

  private var smallInteger: Double? {
    guard text.utf8.contains(where: { ".eE".utf8.contains($0) }), let value = doubleValue,
      value.magnitude <= 0x1p53, value == value.rounded(.towardZero)
    else { return nil }
    return value
  }
}

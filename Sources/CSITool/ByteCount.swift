public import ArgumentParser

/// A size on the command line: `1073741824`, `1GiB`, `10G`, `1.5TiB`.
public struct ByteCount: Hashable, Sendable {
  /// How many.
  public let bytes: Int64

  /// Powers of 1024 by the names of IEC 80000-13, with or without the B; of 1000 by those of SI.
  private static let units: [(name: String, bytes: Int64)] = [
    ("", 1), ("B", 1), ("k", 1_000), ("K", 1_000), ("M", 1_000_000), ("G", 1_000_000_000),
    ("T", 1_000_000_000_000), ("P", 1_000_000_000_000_000), ("Ki", 1 << 10), ("Mi", 1 << 20),
    ("Gi", 1 << 30), ("Ti", 1 << 40), ("Pi", 1 << 50),
  ]

  /// A whole number of bytes that an int64 can hold; anything else is nil.
  public init?(_ text: String) {
    let number = text.prefix { ("0"..."9").contains($0) || $0 == "." }
    let suffix = String(text.dropFirst(number.count))
    let unit = Self.units.first { suffix == $0.name || suffix == "\($0.name)B" && !$0.name.isEmpty }
    guard let unit, unit.name != "B" || suffix == "B" else { return nil }
    let parts = number.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, let whole = parts.first, !whole.isEmpty, let whole = Int64(whole)
    else { return nil }
    var (bytes, overflow) = whole.multipliedReportingOverflow(by: unit.bytes)
    guard !overflow else { return nil }
    if parts.count == 2 {
      // Three digits are as many as anybody writes, and keep the product within an int64.
      guard let digits = parts.last, (1...3).contains(digits.count), let fraction = Int64(digits)
      else { return nil }
      let scale: Int64 = [10, 100, 1000][digits.count - 1]
      let (whole, rest) = (unit.bytes / scale, unit.bytes % scale)
      guard (fraction * rest).isMultiple(of: scale) else { return nil }
      (bytes, overflow) = bytes.addingReportingOverflow(
        fraction * whole + fraction * rest / scale)
      guard !overflow else { return nil }
    }
    self.bytes = bytes
  }
}

extension ByteCount {
  /// `10.25GiB`, cut to two decimals; nil below 1024, where the number itself reads best.
  static func text(_ bytes: Int64) -> String? {
    guard let unit = units.last(where: { $0.name.hasSuffix("i") && $0.bytes <= bytes }) else {
      return nil
    }
    let hundredths = bytes % unit.bytes * 100 / unit.bytes
    let fraction =
      hundredths % 10 == 0 ? "\(hundredths / 10)" : "\(hundredths < 10 ? "0" : "")\(hundredths)"
    return "\(bytes / unit.bytes)\(hundredths == 0 ? "" : ".\(fraction)")\(unit.name)B"
  }
}

extension ByteCount: ExpressibleByArgument {
  /// As `init(_:)`.
  public init?(argument: String) { self.init(argument) }

  /// The number itself.
  public var defaultValueDescription: String { String(bytes) }
}

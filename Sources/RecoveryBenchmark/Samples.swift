import Foundation

/// Times of one kind, in seconds.
struct Samples {
  private(set) var values: [Double] = []

  /// The middle one, or the mean of the two in the middle; 0 for none.
  var median: Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return 0 }
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }
  var minimum: Double { values.min() ?? 0 }
  var maximum: Double { values.max() ?? 0 }

  mutating func add(_ duration: Duration) {
    values.append(
      Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18)
  }

  /// `label  median  min  max  ratio`, the ratio to what it is compared with.
  func print(_ label: String, against other: Samples?) {
    let ratio = other.map { String(format: "%8.2f", median / max($0.median, 0.001)) } ?? ""
    Swift.print(
      "  " + label + String(repeating: " ", count: max(1, 34 - label.count))
        + String(format: "%8.2f %8.2f %8.2f %6d", median, minimum, maximum, values.count) + ratio)
  }

  /// The heading of such lines.
  static func printHeading(_ title: String, ratio: String?) {
    Swift.print("\n" + title)
    Swift.print(
      "  seconds" + String(repeating: " ", count: 27) + "  median      min      max   runs"
        + (ratio.map { "  " + $0 } ?? ""))
  }
}

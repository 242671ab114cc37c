import Foundation

/// What was measured with so many volumes.
struct ProvisionRow {
  /// Milliseconds of each call.
  struct Calls {
    var times: [Double] = []

    var median: Double {
      let sorted = times.sorted()
      guard !sorted.isEmpty else { return 0 }
      return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }

    /// `264 (476)`
    var text: String { String(format: "%.0f (%.0f)", median, times.max() ?? 0) }

    /// Times `body`.
    mutating func time<Value>(_ body: () async throws -> Value) async throws -> Value {
      let start = ContinuousClock.now
      let value = try await body()
      times.append((ContinuousClock.now - start) / .milliseconds(1))
      return value
    }
  }

  /// Seconds from the start of the controller.
  struct Restart {
    var listening: Double
    var exported: Double
    var ready: Double

    var text: String { String(format: "%.1f / %.1f / %.1f", listening, exported, ready) }
  }

  let count: Int
  var create = Calls()
  var publish = Calls()
  var unpublish = Calls()
  var list = Calls()
  var delete = Calls()
  /// Proportional memory in MiB.
  var memory = 0.0
  var restart: Restart?

  static let header = line(
    ["volumes", "create", "publish", "unpublish", "delete", "list", "PSS", "back"])

  var text: String {
    Self.line([
      String(count), create.text, publish.text, unpublish.text, delete.text,
      String(format: "%.2f", list.median / Double(count)), String(format: "%.1f", memory),
      restart?.text ?? "",
    ])
  }

  private static func line(_ columns: [String]) -> String {
    zip(columns, [7, 13, 13, 13, 13, 7, 6, 20]).map { column, width in
      String(repeating: " ", count: max(0, width - column.count)) + column
    }.joined(separator: "  ")
  }
}

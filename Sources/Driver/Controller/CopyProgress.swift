internal import JSON

/// How far a copy is.
struct CopyProgress: Hashable, Sendable, CustomStringConvertible {
  /// Bytes done.
  var done: Int64
  /// Bytes in all.
  var total: Int64

  /// `37 % of 10 GiB`
  var description: String {
    let percent = total > 0 ? min(100, Int(Double(max(0, done)) / Double(total) * 100)) : 0
    return "\(percent) % of \(ByteCount(total))"
  }
}

extension CopyProgress {
  var json: JSONValue { .members([("done", .number(done)), ("total", .number(total))]) }

  init(fields: RecordFields) throws {
    self.init(done: try fields.integer("done"), total: try fields.integer("total"))
  }
}

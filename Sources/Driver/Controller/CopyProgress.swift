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

/// Bytes for people: exact where a unit fits, else in the largest unit with one decimal, rounded down.
struct ByteCount: CustomStringConvertible {
  let bytes: Int64

  init(_ bytes: Int64) { self.bytes = bytes }

  /// `10 GiB`, `1.5 TiB`, `512 bytes`
  var description: String {
    var unit: (size: Int64, name: String) = (1, "bytes")
    for (index, name) in ["KiB", "MiB", "GiB", "TiB", "PiB"].enumerated() {
      let size: Int64 = 1 << (10 * Int64(index + 1))
      if bytes >= size { unit = (size, name) }
    }
    let tenths = bytes % unit.size * 10 / unit.size
    return tenths == 0
      ? "\(bytes / unit.size) \(unit.name)" : "\(bytes / unit.size).\(tenths) \(unit.name)"
  }
}

extension CopyProgress {
  var json: JSONValue { .members([("done", .number(done)), ("total", .number(total))]) }

  init(fields: RecordFields) throws {
    self.init(done: try fields.integer("done"), total: try fields.integer("total"))
  }
}

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

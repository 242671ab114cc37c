internal import Backends
internal import CSI

extension CapacityRange? {
  /// The range, or none; negative numbers are `invalidArgument`, a limit that is less than what is
  /// required is `outOfRange` (the CSI specification's "Unsupported capacity_range").
  func checked() throws(DriverError) -> CapacityRange {
    guard let self else { return CapacityRange(requiredBytes: 0, limitBytes: 0) }
    guard self.requiredBytes >= 0, self.limitBytes >= 0 else {
      throw DriverError(.invalidArgument, "capacity_range holds a negative number of bytes")
    }
    guard self.limitBytes == 0 || self.limitBytes >= self.requiredBytes else {
      throw DriverError(
        .outOfRange,
        "capacity_range: limit_bytes \(self.limitBytes) is less than required_bytes \(self.requiredBytes)"
      )
    }
    return self
  }
}

extension Backend {
  /// The size that a volume gets: at least what is required and what `part` has, which it is to hold, at
  /// most the limit.
  /// Without any word about it, `fallback`.
  func size(
    required: Int64, limit: Int64, holding present: Int64?, of part: String, fallback: Int64
  ) throws(DriverError) -> Int64 {
    var wanted = max(required, present ?? 0)
    if wanted == 0 { wanted = limit > 0 ? Swift.min(fallback, limit) : fallback }
    guard let size = size(holding: wanted) else {
      throw DriverError(
        .outOfRange, "the backend can make no volume of \(wanted) bytes (\(ByteCount(wanted)))")
    }
    guard limit == 0 || size <= limit else {
      let why =
        present.map { $0 > limit } == true
        ? "\(part) has \(present ?? 0) bytes" : "the backend makes \(size) bytes for \(wanted)"
      throw DriverError(.outOfRange, "capacity_range: limit_bytes \(limit) is too small: \(why)")
    }
    return size
  }
}

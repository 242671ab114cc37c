/// The arithmetic of how much may still be promised on a file system.
///
/// Every volume may be written whole one day, so it counts with its size, and every snapshot keeps what
/// it has. What they have of that already is theirs; the rest must be free.
struct PoolRoom: Hashable {
  /// Bytes that anybody may still take.
  var free: Int64
  /// Bytes of the whole file system.
  var total: Int64
  /// What all images may come to need.
  private(set) var promised: Int64 = 0
  /// Blocks that only one image has.
  private var exclusive: Int64 = 0
  /// The most that one image shares with others. What several share is there at least once, and no less
  /// than this; which of them share the same is not known.
  private var shared: Int64 = 0

  init(free: Int64, total: Int64) {
    self.free = free
    self.total = total
  }

  /// Counts an image that may come to need `promised` bytes and has `allocated`, of which `shared` are
  /// others' too.
  mutating func count(promised: Int64, allocated: Int64, shared: Int64) {
    self.promised = Self.sum(self.promised, max(promised, allocated))
    exclusive = Self.sum(exclusive, max(0, allocated - shared))
    self.shared = max(self.shared, min(shared, allocated))
  }

  /// What is free beyond the reserve: no more can be written now.
  func writable(_ configuration: FilePoolConfiguration) -> Int64 {
    let reserve: Int64 =
      switch configuration.reserve {
      case .bytes(let bytes): max(0, bytes)
      case .percent(let percent): total / 100 * Int64(min(max(0, percent), 100))
      }
    return max(0, free - reserve)
  }

  /// What may be promised to new images.
  func available(_ configuration: FilePoolConfiguration) -> Int64 {
    let own = Self.sum(exclusive, shared)
    let supply = Self.sum(writable(configuration), own)
    guard configuration.overcommit > 1 else { return max(0, supply - promised) }
    let stretched = (Double(supply) * configuration.overcommit).rounded(.down)
    return max(0, (Int64(exactly: stretched) ?? .max) - promised)
  }

  /// Sizes come from files and requests: a sum never wraps.
  static func sum(_ left: Int64, _ right: Int64) -> Int64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? .max : sum
  }
}

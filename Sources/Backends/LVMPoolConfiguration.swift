/// A pool of logical volumes: where it is and how much of it may be promised.
public struct LVMPoolConfiguration: Hashable, Sendable {
  /// The volume group, which is there already.
  public var volumeGroup: String
  /// The thin pool in it, which is there already; nil for linear ("thick") volumes.
  public var thinPool: String?
  /// Bytes that are never given to volumes.
  public var reserve: Int64
  /// How many bytes of a thin pool may be promised for each that is there: 1, the least, means that every
  /// volume can always be written whole.
  public var overcommit: Double

  /// All of it.
  public init(
    volumeGroup: String, thinPool: String? = nil, reserve: Int64 = 0, overcommit: Double = 1
  ) {
    self.volumeGroup = volumeGroup
    self.thinPool = thinPool
    self.reserve = reserve
    self.overcommit = overcommit
  }
}

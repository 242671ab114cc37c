/// A pool of image files: where it is and how much of it may be promised.
public struct FilePoolConfiguration: Hashable, Sendable {
  /// What of a file system is never given to volumes.
  public enum Reserve: Hashable, Sendable {
    /// So many bytes
    case bytes(Int64)
    /// So many hundredths of its size
    case percent(Int)
  }

  /// An absolute path.
  public var directory: String
  /// Whether a file system must be mounted right at `directory`: then a pool that is not mounted is
  /// never taken for an empty one.
  public var mustBeMountPoint: Bool
  /// What is never given to volumes.
  public var reserve: Reserve
  /// How many bytes may be promised for each that is there. With 1, the least, a thin volume can always
  /// be written whole, as long as nobody else fills the file system.
  public var overcommit: Double

  /// All of it.
  public init(
    directory: String, mustBeMountPoint: Bool = false, reserve: Reserve = .percent(5),
    overcommit: Double = 1
  ) {
    self.directory = directory
    self.mustBeMountPoint = mustBeMountPoint
    self.reserve = reserve
    self.overcommit = overcommit
  }
}

/// Whose volumes and snapshots a pool holds: only a pool that carries this is used.
public struct PoolOwner: Hashable, Sendable {
  /// The driver's name.
  public var driver: String
  /// The cluster's id.
  public var cluster: String

  /// Both.
  public init(driver: String, cluster: String) {
    self.driver = driver
    self.cluster = cluster
  }
}

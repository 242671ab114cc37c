/// One line of /proc/self/mountinfo, proc_pid_mountinfo(5), with its escapes decoded.
public struct MountInfo: Hashable, Sendable {
  /// Unique among the mounts that exist now; may be reused after an unmount.
  public let id: UInt64
  /// The mount this one is mounted on, or this one's own at the top.
  public let parentID: UInt64
  /// The file system's device; for ext4 and xfs the block device it is on.
  public let device: DeviceNumber
  /// The directory of the file system that is the mount's root: not `/` for a bind mount of something
  /// within.  The kernel appends `//deleted` when it was removed since.
  public let root: String
  /// Where it is mounted, as this process sees it.
  public let mountPoint: String
  /// The mount's own options: `rw`, `noatime`, `nodev`.
  public let options: [String]
  /// The optional fields: `shared:1`, `master:2`, `propagate_from:3`, `unbindable`.
  public let propagation: [String]
  /// `ext4`, `xfs`, `tmpfs`, …
  public let fileSystemType: String
  /// What mount(2) was given as the source; may be empty, and may be long out of date.
  public let source: String
  /// The file system's options.  `ro` and `rw` here are the superblock's; a file system that shut
  /// itself down may still say `rw` (measured).
  public let superOptions: [String]

  /// A mount that was not read from the kernel: for fakes.
  public init(
    id: UInt64, parentID: UInt64, device: DeviceNumber, root: String, mountPoint: String,
    options: [String], propagation: [String], fileSystemType: String, source: String,
    superOptions: [String]
  ) {
    self.id = id
    self.parentID = parentID
    self.device = device
    self.root = root
    self.mountPoint = mountPoint
    self.options = options
    self.propagation = propagation
    self.fileSystemType = fileSystemType
    self.source = source
    self.superOptions = superOptions
  }
}

public import Linux

/// A namespace's disk: the head over all paths, or, without native multipath, its only disk.
public struct Namespace: Hashable, Sendable {
  /// `nvme0n1`
  public let name: String
  /// The number within the subsystem.
  public let nsid: UInt32
  /// nil when the target sets none.
  public let uuid: UUID?
  /// nil when the target sets none.
  public let nguid: NGUID?
  /// The kernel's choice of the best identifier, always there.
  public let wwid: String
  /// The block device's number.
  public let device: DeviceNumber
  /// Bytes.  0 while the kernel has not read it yet.
  public let size: UInt64
  /// Tells two lives of one device number apart; since Linux 5.15.
  public let diskSequence: UInt64?
  /// Devices stacked on this one: `dm-0`, `md0`.
  public let holders: [String]
  /// Whether a controller leads to it.  A head without any is what the kernel keeps of a namespace
  /// whose last controller is gone, for `removalDelay`; I/O waits in it.
  public let hasPath: Bool
  /// Seconds for which the kernel keeps the head once its last controller is gone, sysfs's
  /// `delayed_removal_secs`; nil where there is no such attribute (before Linux 6.16, or no head).
  public let removalDelay: UInt32?

  /// A namespace that was not read from sysfs: for those who plan with them.
  public init(
    name: String, nsid: UInt32, uuid: UUID?, nguid: NGUID?, wwid: String, device: DeviceNumber,
    size: UInt64, diskSequence: UInt64?, holders: [String], hasPath: Bool = true,
    removalDelay: UInt32? = nil
  ) {
    self.name = name
    self.nsid = nsid
    self.uuid = uuid
    self.nguid = nguid
    self.wwid = wwid
    self.device = device
    self.size = size
    self.diskSequence = diskSequence
    self.holders = holders
    self.hasPath = hasPath
    self.removalDelay = removalDelay
  }
}

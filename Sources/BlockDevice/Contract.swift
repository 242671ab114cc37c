public import Command
public import Linux

public enum FileSystemType: String, Hashable, Sendable, CaseIterable {
  case ext4, xfs
}

public struct BlockDeviceError: Error, Sendable, CustomStringConvertible {
  public enum Code: Hashable, Sendable {
    case deadlineExceeded, ioError, inUse, wrongDevice, wrongSize, programMissing,
      fileSystemDamaged, refused, noDevices, other
  }
  public let code: Code
  public let message: String
  public var description: String { message }
  public init(code: Code, message: String) {
    self.code = code
    self.message = message
  }
}

/// What is on a device.
public enum DeviceContent: Sendable {
  /// Proven: the only way to `makeFileSystem`.
  case empty(ProvenEmpty)
  case fileSystem(type: String, uuid: String?)
  case partitionTable(type: String)
  /// LUKS, LVM, RAID members and the like.
  case other(type: String)
  /// Nothing that libblkid knows, but not zero either.
  case unknownData(offset: UInt64)
}

/// Proof that a device held nothing: made only by `BlockDevice.content`.
public struct ProvenEmpty: Sendable {
  public let device: DeviceNumber
  public let size: UInt64
}

/// A block device that was identified: its path is only a way to open it; every open compares the device number.
public struct BlockDevice: Hashable, Sendable {
  public let path: String
  public let number: DeviceNumber
  /// bytes
  public let size: UInt64
  public init(path: String, number: DeviceNumber, size: UInt64) {
    self.path = path
    self.number = number
    self.size = size
  }
}

/// Probes, formats, checks and grows; every program runs under the deadline.
public struct BlockDevices: Sendable {
  public init(runner: any CommandRunner, calls: IsolatedCalls) { fatalError() }
  /// The format gate's probe: exclusive open, identity, size, blkid low-level probing with partition tables, zero reads.
  public func content(
    of device: BlockDevice, deadline: ContinuousClock.Instant
  )
    async throws(BlockDeviceError) -> DeviceContent
  { fatalError() }
  public func makeFileSystem(
    _ type: FileSystemType, on device: BlockDevice, provenBy: ProvenEmpty, options: [String],
    deadline: ContinuousClock.Instant
  ) async throws(BlockDeviceError) { fatalError() }
  /// ext4: e2fsck -p (replays the journal, repairs what is safe). xfs: the mount replays; nothing to do.
  public func check(
    _ type: FileSystemType, on device: BlockDevice, deadline: ContinuousClock.Instant
  ) async throws(BlockDeviceError) { fatalError() }
  /// resize2fs on the device, xfs_growfs at the mount point, both online. Nothing to grow is fine.
  public func grow(
    _ type: FileSystemType, on device: BlockDevice, mountedAt: String,
    deadline: ContinuousClock.Instant
  ) async throws(BlockDeviceError) { fatalError() }
  /// The file system's own size from its superblock, bytes; needs no mount.
  public func fileSystemSize(
    _ type: FileSystemType, on device: BlockDevice, deadline: ContinuousClock.Instant
  )
    async throws(BlockDeviceError) -> UInt64
  { fatalError() }
}

/// Device nodes at publish targets: made with mknod(2), compared by device number, unlinked only when they are block nodes.
public enum DeviceNode {
  /// Makes sure that `path` is a block node of `device`; replaces a stale one atomically, an empty regular file (kubelet makes none, but old drivers did) too; refuses anything else, a mount point, and a `nodev` file system.
  /// Returns whether something had to be done.
  @discardableResult
  public static func publish(
    _ path: String, device: DeviceNumber, table: MountTable
  )
    throws(BlockDeviceError) -> Bool
  { fatalError() }
  /// Unlinks a block node. Nothing there is fine; anything else is refused.
  public static func unpublish(_ path: String, table: MountTable) throws(BlockDeviceError) {
    fatalError()
  }
}
extension ProvenEmpty {
  public init(resumingFormatOf device: BlockDevice) { self.device = device.number; self.size = device.size }
}

internal import Glibc

/// What lstat(2) says of a file.
public struct FileStatus: Hashable, Sendable {
  /// What sort of file it is.
  public enum Kind: Sendable {
    // swift-format-ignore: AllPublicDeclarationsHaveDocumentation
    case regular, directory, symbolicLink, blockDevice, characterDevice, fifo, socket
  }

  /// What sort of file it is.
  public let kind: Kind
  /// The file system the file is on.
  public let device: DeviceNumber
  /// The device that a device node stands for; 0:0 for other kinds.
  public let representedDevice: DeviceNumber
  /// Unique within `device`.
  public let inode: UInt64
  /// Bytes; 0 for device nodes.
  public let size: Int64
  /// Permission bits with set-user-ID, set-group-ID and sticky, without the type.
  public let mode: UInt32

  /// A status that was not read from the kernel: for fakes.
  public init(
    kind: Kind, device: DeviceNumber, representedDevice: DeviceNumber, inode: UInt64, size: Int64,
    mode: UInt32
  ) {
    self.kind = kind
    self.device = device
    self.representedDevice = representedDevice
    self.inode = inode
    self.size = size
    self.mode = mode
  }

  init(_ status: stat) {
    kind =
      switch status.st_mode & S_IFMT {
      case S_IFDIR: .directory
      case S_IFLNK: .symbolicLink
      case S_IFBLK: .blockDevice
      case S_IFCHR: .characterDevice
      case S_IFIFO: .fifo
      case S_IFSOCK: .socket
      default: .regular
      }
    device = DeviceNumber(raw: UInt64(status.st_dev))
    representedDevice = DeviceNumber(raw: UInt64(status.st_rdev))
    inode = UInt64(status.st_ino)
    size = Int64(status.st_size)
    mode = status.st_mode & 0o7777
  }
}

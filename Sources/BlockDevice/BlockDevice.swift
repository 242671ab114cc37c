public import Linux

/// A block device that was identified: its path is only a way to open it, and whoever opens it compares
/// the device number, since the kernel gives the name of a namespace that went to the next that comes.
public struct BlockDevice: Hashable, Sendable, CustomStringConvertible {
  /// Where to open it: `/dev/nvme0n1`.
  public let path: String
  /// What must be found there.
  public let number: DeviceNumber
  /// Bytes.
  public let size: UInt64

  /// Puts together what was read from sysfs.
  public init(path: String, number: DeviceNumber, size: UInt64) {
    self.path = path
    self.number = number
    self.size = size
  }

  /// `/dev/nvme0n1 (259:1)`
  public var description: String { "\(path) (\(number))" }
}

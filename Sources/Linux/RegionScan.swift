/// What a read of a block device's regions found.
public struct RegionScan: Hashable, Sendable {
  /// What fstat(2) said of the descriptor that was read from.
  public let device: DeviceNumber
  /// BLKGETSIZE64, bytes.
  public let size: UInt64
  /// Offset of the first byte that is not zero in the regions read, nil when all were zero.
  public let firstNonZero: UInt64?
  /// The device's first 2048 bytes, where superblocks are; what is beyond its end is zero.
  public let head: [UInt8]

  /// A scan that was not made: for fakes.
  public init(device: DeviceNumber, size: UInt64, firstNonZero: UInt64?, head: [UInt8] = []) {
    self.device = device
    self.size = size
    self.firstNonZero = firstNonZero
    self.head = head
  }
}

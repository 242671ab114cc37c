/// What statfs(2) says of a file system.
public struct FileSystemStatistics: Hashable, Sendable {
  /// Bytes in a block.
  public let blockSize: UInt64
  /// All blocks; those that are free; those of them that an ordinary user may take.
  public let blocks: UInt64, blocksFree: UInt64, blocksAvailable: UInt64
  /// All inodes and those that are free; both 0 where the file system does not count them.
  public let inodes: UInt64, inodesFree: UInt64
  /// The mount is read-only, or the file system is.
  public let readOnly: Bool

  /// Statistics that were not read from the kernel: for fakes.
  public init(
    blockSize: UInt64, blocks: UInt64, blocksFree: UInt64, blocksAvailable: UInt64, inodes: UInt64,
    inodesFree: UInt64, readOnly: Bool
  ) {
    self.blockSize = blockSize
    self.blocks = blocks
    self.blocksFree = blocksFree
    self.blocksAvailable = blocksAvailable
    self.inodes = inodes
    self.inodesFree = inodesFree
    self.readOnly = readOnly
  }
}

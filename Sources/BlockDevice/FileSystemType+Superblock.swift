extension FileSystemType {
  /// The file system's size in bytes as its superblock has it; nil when that is none.
  ///
  /// ext4: struct ext4_super_block at byte 1024, little-endian (fs/ext4/ext4.h).  xfs: struct xfs_dsb at
  /// byte 0, big-endian (fs/xfs/libxfs/xfs_format.h).
  func size(superblock head: [UInt8]) -> UInt64? {
    func number(_ offset: Int, _ count: Int, bigEndian: Bool) -> UInt64 {
      let bytes = head[offset..<offset + count]
      return (bigEndian ? Array(bytes) : bytes.reversed()).reduce(0) { $0 << 8 | UInt64($1) }
    }
    guard head.count >= 2048 else { return nil }
    let (blocks, blockSize): (UInt64, UInt64)
    switch self {
    case .ext4:
      func field(_ offset: Int, _ count: Int) -> UInt64 {
        number(1024 + offset, count, bigEndian: false)
      }
      let shift = field(0x18, 4)
      guard field(0x38, 2) == 0xef53, shift <= 6 else { return nil }
      let has64Bit = field(0x60, 4) & 0x80 != 0
      blocks = field(0x4, 4) | (has64Bit ? field(0x150, 4) << 32 : 0)
      blockSize = 1024 << shift
    case .xfs:
      guard number(0, 4, bigEndian: true) == 0x5846_5342 else { return nil }
      blockSize = number(4, 4, bigEndian: true)
      blocks = number(8, 8, bigEndian: true)
    }
    let (size, overflow) = blocks.multipliedReportingOverflow(by: blockSize)
    return overflow || size == 0 ? nil : size
  }
}

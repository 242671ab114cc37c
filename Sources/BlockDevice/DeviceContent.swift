/// What is on a device.
public enum DeviceContent: Hashable, Sendable {
  /// Nothing, and that is proven: the only way to `BlockDevices.makeFileSystem`.
  case empty(ProvenEmpty)
  /// One file system and nothing else, by libblkid's name for it.
  case fileSystem(type: String, uuid: String?)
  /// A partition table: there may be anything behind it.
  case partitionTable(type: String)
  /// LUKS, LVM, RAID members, swap and the like, and what cannot be told apart.
  case other(type: String)
  /// Nothing that libblkid knows, but not zero either.
  case unknownData(offset: UInt64)
}

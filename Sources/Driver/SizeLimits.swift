internal import CSI

/// Bounds of what a request may carry: those of the CSI specification's "Size Limits", and what keeps one
/// request from costing more than it can be worth. More is `invalidArgument`, and the message names the
/// field and not what is in it.
enum SizeLimits {
  /// Bytes of one value of a volume context: all of them together make no more than a map may have.
  static let contextValue = 2048
  /// Bytes of all keys and values of a map.
  private static let map = 4096
  /// There are two types and seven modes of access, and a few file systems.
  private static let capabilities = 64
  private static let mountFlags = (count: 256, bytes: 4096)
  private static let string = 128
  /// The specification's own for `node_id`.
  private static let nodeID = 256

  /// Whether a node can have this id: graphic ASCII, as the names of Kubernetes' nodes are. Of other
  /// characters two spellings can be one text, and one node would be taken for another.
  static func canBeNodeID(_ text: String) -> Bool {
    (1...nodeID).contains(text.utf8.count)
      && text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
  }

  /// A map of strings.
  static func check(_ entries: [String: String], field: String) throws(DriverError) {
    let size = entries.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
    guard size <= map else {
      throw DriverError(
        .invalidArgument, "\(field) has \(size) bytes; at most \(map) are allowed")
    }
  }

  /// What a volume is asked to be able to do.
  static func check(_ wanted: [VolumeCapability]) throws(DriverError) {
    guard wanted.count <= capabilities else {
      throw DriverError(
        .invalidArgument,
        "volume_capabilities has \(wanted.count) entries; at most \(capabilities) are allowed")
    }
  }

  /// How a file system is asked for.
  static func check(_ mount: VolumeCapability.MountVolume) throws(DriverError) {
    let type = mount.fileSystemType.utf8.count
    guard type <= string else {
      throw DriverError(
        .invalidArgument, "fs_type has \(type) bytes; at most \(string) are allowed")
    }
    let flags = (
      count: mount.mountFlags.count, bytes: mount.mountFlags.reduce(0) { $0 + $1.utf8.count }
    )
    guard flags.count <= mountFlags.count, flags.bytes <= mountFlags.bytes else {
      throw DriverError(
        .invalidArgument,
        "mount_flags has \(flags.count) entries of \(flags.bytes) bytes; at most "
          + "\(mountFlags.count) of \(mountFlags.bytes) are allowed")
    }
  }
}

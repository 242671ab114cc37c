public import Linux
internal import Synchronization
internal import SystemPackage

/// Device nodes at publish targets: made with mknod(2), compared by device number, unlinked only when
/// they are block nodes.
///
/// A node is no mount: nothing multiplies under mount propagation, and nothing has to be unmounted. But
/// it goes on to name its number when the device behind that number has become another volume
/// (measured).  So it is compared and replaced on every publish, and made to lead nowhere as soon as
/// its device is gone: then whoever opens it gets ENXIO, and never another volume's data.
///
/// Out of reach is what somebody made of it before.  A container has a node of its own, with the number
/// that this one had when the container was created, and the kubelet keeps the old node in a bind
/// mount.  Whoever has the device open keeps its number from being given away: the kernel frees it
/// with the last reference to the disk (bdev_free_inode, block/bdev.c), and while a pod runs the
/// kubelet's loop device on that bind mount is such a reference.  What is left is a container that
/// opens its own node late, while neither it nor a kubelet has the disk open.
public enum DeviceNode {
  private static let mode: UInt32 = 0o600

  /// Nodes are also blanked by whoever has not reserved their volume: to compare a node and to replace
  /// or unlink it is one step for everybody in this process.
  private static let writing = Mutex(())

  /// Makes sure that `path` is a block node of `device`.  Replaces a stale node atomically, and an empty
  /// regular file, which old drivers made, too; refuses anything else, a mount point, and a file
  /// system mounted `nodev`.  Returns whether something had to be done.
  @discardableResult
  public static func publish(
    _ path: String, device: DeviceNumber, table: MountTable
  ) throws(BlockDeviceError) -> Bool {
    let action = "publish \(device) at \(path)"
    try requireNoMount(at: path, table, action)
    guard let mount = table.mount(containing: path) else {
      throw BlockDeviceError(
        code: .refused, message: "\(action): the path is not absolute, or not in the mount table")
    }
    guard !mount.options.contains("nodev") else {
      throw BlockDeviceError(
        code: .noDevices,
        message: """
          \(action): \(mount.mountPoint) (\(mount.fileSystemType)) is mounted nodev, so device nodes \
          on it do not open; remount it with dev
          """)
    }
    return try writing.withLock { (_) throws(BlockDeviceError) in
      let status = try status(path, action)
      switch status?.kind {
      case .blockDevice where status?.representedDevice == device:
        return false
      case nil, .blockDevice:
        break
      case .regular where status?.size == 0:
        break
      case .some(let kind):
        throw BlockDeviceError(
          code: .refused,
          message: "\(action): there is a \(kind.text) already, which this driver did not make")
      }
      do throws(SystemCallError) {
        try Files.replaceWithBlockNode(path, device: device, mode: mode)
      } catch {
        throw BlockDeviceError(nodeAt: action, error)
      }
      return true
    }
  }

  /// The device that the block node at `path` names; nil for anything else and for nothing.
  public static func device(at path: String) throws(BlockDeviceError) -> DeviceNumber? {
    let status = try status(path, "look at \(path)")
    return status?.kind == .blockDevice ? status?.representedDevice : nil
  }

  /// Has the block node of `device` at `path` lead nowhere, atomically, unless the device turns out to
  /// be right at that very moment.  It stays a block node (`DeviceNumber.nowhere`), which a publish
  /// replaces and an unpublish unlinks.  Where there is no room for another node it is unlinked, which
  /// leads nowhere as well.
  ///
  /// Returns whether it was done: a node of another device, and anything else, is left alone.  A mount
  /// on the path is an error (EBUSY).
  public static func blank(
    _ path: String, leadingTo device: DeviceNumber, unless isRight: () -> Bool
  ) throws(BlockDeviceError) -> Bool {
    try writing.withLock { (_) throws(BlockDeviceError) in
      guard try self.device(at: path) == device, !isRight() else { return false }
      do throws(SystemCallError) {
        try Files.replaceWithBlockNode(path, device: .nowhere, mode: mode)
      } catch {
        do throws(SystemCallError) {
          try Files.unlink(path)
        } catch {
          throw BlockDeviceError(nodeAt: "take \(device) away from \(path)", error)
        }
      }
      return true
    }
  }

  /// Unlinks a block node, and what a publish that was cut short left beside it.  Nothing there is
  /// fine; anything else is refused, a mount point too.
  public static func unpublish(_ path: String, table: MountTable) throws(BlockDeviceError) {
    let action = "unpublish \(path)"
    try requireNoMount(at: path, table, action)
    try writing.withLock { (_) throws(BlockDeviceError) in
      let status = try status(path, action)
      if let kind = status?.kind, kind != .blockDevice {
        throw BlockDeviceError(
          code: .refused,
          message: "\(action): it is a \(kind.text), no block device node; it is left alone")
      }
      do throws(SystemCallError) {
        try Files.removeLeftovers(of: path)
        try Files.unlink(path)
      } catch {
        throw BlockDeviceError(nodeAt: action, error)
      }
    }
  }

  private static func requireNoMount(
    at path: String, _ table: MountTable, _ action: String
  ) throws(BlockDeviceError) {
    guard let mount = table.mounts(at: path).last else { return }
    throw BlockDeviceError(
      code: .refused,
      message: "\(action): there is a mount of \(mount.source) (\(mount.fileSystemType)) on it")
  }

  private static func status(
    _ path: String, _ action: String
  ) throws(BlockDeviceError) -> FileStatus? {
    do {
      return try Files.status(path)
    } catch {
      throw BlockDeviceError(nodeAt: action, error)
    }
  }
}

extension BlockDeviceError {
  /// Here the calls are made on kubelet's directory and not on the device: nothing of it says
  /// anything about the device.
  fileprivate init(nodeAt action: String, _ error: SystemCallError) {
    let code: Code =
      switch error.errno {
      case .notPermitted, .permissionDenied, .readOnlyFileSystem: .refused
      default: .other
      }
    self.init(code: code, message: "\(action): \(error)")
  }
}

extension FileStatus.Kind {
  var text: String {
    switch self {
    case .regular: "regular file"
    case .directory: "directory"
    case .symbolicLink: "symbolic link"
    case .blockDevice: "block device node"
    case .characterDevice: "character device node"
    case .fifo: "FIFO"
    case .socket: "socket"
    }
  }
}

internal import Linux
internal import Mount
internal import NVMe

/// Whose a mount is that is found where a volume is staged or published.
///
/// A path that the kubelet names, or that the record names, says nothing about what is mounted there by
/// now: only the device does. What is not the volume's is neither unmounted nor mounted over.
extension Node {
  /// Those of some mounts that are not the volume's: neither of its own disks, nor of a block device that
  /// is no more, which is what a lost connection leaves, nor what covers the path during a repair.
  func strangers(
    among stacked: [MountInfo], own: [Namespace]
  ) throws(DriverError) -> [MountInfo] {
    var strangers: [MountInfo] = []
    for mount in stacked
    where !mount.isCover && !own.contains(where: { $0.device == mount.device }) {
      if try !isGone(mount.device) { strangers.append(mount) }
    }
    return strangers
  }

  /// Fails when one of the mounts stacked at `path` is not the volume's.
  func requireOwn(
    at path: String, of record: StageRecord, in table: MountTable
  ) throws(DriverError) {
    let stacked = table.mounts(at: path)
    guard !stacked.isEmpty,
      let stranger = try strangers(among: stacked, own: try disks(of: record)).last
    else { return }
    throw DriverError(
      .failedPrecondition,
      "\(path) is \(stranger.summary), which this driver did not make for volume "
        + "\(record.volume); it is left alone: whoever made it has to unmount it")
  }

  /// Fails when something is at a new target that no publish of this volume can have left there.
  func requireFree(
    _ target: StageRecord.Target, for record: StageRecord
  ) throws(DriverError) {
    let table = try table()
    try requireOwn(at: target.path, of: record, in: table)
    // Behind a mount there is nothing of the directory to see, and lstat(2) of it may wait.
    if let mount = table.mounts(at: target.path).last {
      guard record.access.isBlock else { return }
      throw DriverError(
        .failedPrecondition,
        "\(target.path) is \(mount.summary), and a device node is to be there; it is left alone")
    }
    let status: FileStatus?
    do { status = try Files.status(target.path) } catch { throw DriverError(error) }
    let isFree =
      switch status?.kind {
      case nil: true
      case .directory: !record.access.isBlock
      // What other drivers made to bind a device at.
      case .regular: record.access.isBlock && status?.size == 0
      case .blockDevice: record.access.isBlock
      default: false
      }
    guard !isFree, let status else { return }
    throw DriverError(
      .failedPrecondition,
      "\(target.path) is a \(status.kind), which this driver did not make; it is left alone")
  }

  /// Unmounts what is mounted at `path`, for real, unless one of the mounts there is not the volume's.
  func unmountOwn(
    _ path: String, of record: StageRecord, deadline: ContinuousClock.Instant
  ) async throws(DriverError) {
    try requireOwn(at: path, of: record, in: try table())
    try await translating { () async throws(MountError) in
      try await mounts.unmount(path, deadline: deadline)
    }
  }

  /// Detaches what is mounted at `path`, held open or not; only when the device of every mount there
  /// is no more.
  func detachRemains(
    _ path: String, of record: StageRecord, deadline: ContinuousClock.Instant
  ) async throws(DriverError) {
    for mount in try table().mounts(at: path).filter({ !$0.isCover })
    where try !isGone(mount.device) {
      throw DriverError(
        .failedPrecondition,
        "\(path) is \(mount.summary), and the device is there: it is not detached")
    }
    try await translating { () async throws(MountError) in
      try await mounts.detach(path, deadline: deadline)
    }
  }

  /// Whether a block device is no more. The numbers of file systems without one have the major 0, and
  /// sysfs knows nothing of those.
  func isGone(_ device: DeviceNumber) throws(DriverError) -> Bool {
    guard device.major != 0 else { return false }
    do { return try Files.status("\(sysfs.root)/dev/block/\(device)") == nil } catch {
      throw DriverError(error)
    }
  }
}

extension MountInfo {
  /// `a mount of tmpfs (tmpfs, 0:45)`
  var summary: String { "a mount of \(source) (\(fileSystemType), \(device))" }
}

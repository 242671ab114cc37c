internal import BlockDevice
internal import Linux
internal import Logging
internal import Mount
internal import NVMe
internal import Recovery
internal import SystemPackage

/// A file system that has stopped while somebody keeps it mounted: a container, which has a mount of
/// its own in its own mount namespace, or a process with files open.
///
/// The host's unmounts take nothing from a container, and the file system lives on in it. It cannot be
/// checked then, and mounting it gives the same broken one. So it stays wherever it is: a container that
/// is started at a bare directory begins with nothing and writes to the node's own disk.
extension Node {
  /// Who keeps a failed file system; nil when nobody is known to, or when it has not failed.
  func hold(
    on mount: MountInfo, _ health: MountHealth, of record: StageRecord, in table: MountTable
  ) throws(DriverError) -> ObservedVolume.Hold? {
    guard case .failed = health else {
      if case .good = health { holds.forget(record.volume) }
      return nil
    }
    let paths = [record.stagingPath] + record.targets.map(\.path)
    if let other = table.mounts(of: mount.device).first(where: { !paths.contains($0.mountPoint) }) {
      return .init(holder: "the mount at \(other.mountPoint)", mayBeOver: false)
    }
    let holders: [MountHolder]
    do { holders = try mounts.holders(of: mount.device) } catch { throw DriverError(error) }
    if let holder = holders.first {
      let more = holders.count > 1 ? " and \(holders.count - 1) more" : ""
      return .init(
        holder: "\(holder)\(more), in a mount namespace of its own as a container has,",
        mayBeOver: false)
    }
    return holds.hold(of: record.volume, targets: paths, at: .now).map {
      .init(holder: $0.holder, mayBeOver: $0.mayBeOver)
    }
  }

  /// Unmounts a file system that has stopped from all the volume's paths, staging path last. False:
  /// somebody holds it, and it is mounted again wherever it was.
  func unmountAll(
    _ paths: [String], of record: StageRecord, _ operation: Operation
  ) async throws(DriverError) -> Bool {
    let namespace = try await self.namespace(of: record, deadline: operation.deadline)
    var obstacle: String?
    do throws(DriverError) {
      try await operation.step("unmount") { () async throws(DriverError) in
        // Somebody passing through, a `du` or a backup, is no holder.
        let patience = min(operation.deadline, .now + .seconds(2))
        for path in paths {
          try await unmountBusy(path, of: record, until: patience, operation)
          guard path != record.stagingPath else { continue }
          try await translating { () async throws(MountError) in
            try await mounts.cover(path, deadline: operation.deadline)
          }
        }
      }
    } catch {
      obstacle = "somebody on this node (\(error))"
    }
    if obstacle == nil { obstacle = try await claimant(of: namespace, record, operation) }
    guard let obstacle else {
      holds.forget(record.volume)
      return true
    }
    let left = try table()
    holds.note(
      obstacle, of: record.volume, targets: [record.stagingPath] + record.targets.map(\.path),
      wasHarmless: paths.allSatisfy { !left.mounts(at: $0).isEmpty }, at: .now)
    logger.info(
      "a file system that has stopped cannot be unmounted; it stays where it was",
      metadata: ["volume": "\(record.volume)", "holder": "\(obstacle)"])
    if try table().mounts(at: record.stagingPath).isEmpty,
      try await !mountAgain(record, operation)
    {
      // Let go of at this very moment.
      return true
    }
    for path in paths {
      guard let target = record.targets.first(where: { $0.path == path }) else { continue }
      try await place(target, of: record, operation)
    }
    return false
  }

  /// Unmounts, and while somebody is busy there tries again.
  private func unmountBusy(
    _ path: String, of record: StageRecord, until patience: ContinuousClock.Instant,
    _ operation: Operation
  ) async throws(DriverError) {
    while true {
      do throws(DriverError) {
        return try await unmountOwn(path, of: record, deadline: operation.deadline)
      } catch {
        guard (error.cause as? MountError)?.code == .busy, ContinuousClock.now < patience,
          (try? await Task.sleep(for: .milliseconds(50))) != nil
        else { throw error }
      }
    }
  }

  /// Mounts a file system at the staging path that is alive elsewhere; false when it is not alive.
  ///
  /// The kernel gives the same superblock to whoever mounts the device, with all that is wrong with
  /// it, and nothing of it is checked or known to be well afterwards.
  func mountAgain(
    _ record: StageRecord, _ operation: Operation
  ) async throws(DriverError) -> Bool {
    let namespace = try await self.namespace(of: record, deadline: operation.deadline)
    guard case .fileSystem(let type, let flags) = record.access.kind,
      try isAlive(namespace, record)
    else { return false }
    do throws(DriverError) {
      try await mountPinned(record, namespace, operation)
    } catch {
      // A superblock that has turned read-only can be mounted read-only alone (get_tree_bdev,
      // fs/super.c); the mount itself is made as it was, so that the table shows what has happened.
      guard (error.cause as? MountError)?.code == .busy, !record.access.mode.isReadOnly else {
        throw error
      }
      var refused = record
      refused.access = VolumeAccess(
        kind: .fileSystem(type, flags: flags + ["ro"]), mode: record.access.mode)
      try await mountPinned(refused, namespace, operation)
      try await translating { () async throws(MountError) in
        try await mounts.makeWritable(record.stagingPath, deadline: operation.deadline)
      }
    }
    return true
  }

  /// Mounts at the staging path while the disk is held open.
  func mountPinned(
    _ record: StageRecord, _ namespace: Namespace, _ operation: Operation
  ) async throws(DriverError) {
    try await pinning(namespace, of: record, operation) { (disk) async throws(DriverError) in
      try await mountStaged(record, disk, operation)
    }
  }

  /// Whether the kernel has a file system of the volume's type mounted on the disk, wherever.
  func isAlive(_ disk: Namespace, _ record: StageRecord) throws(DriverError) -> Bool {
    guard case .fileSystem(let type, _) = record.access.kind else { return false }
    return try hasMounted(type, disk)
  }

  /// Whether the kernel has a file system of that type mounted on the disk, in whichever mount namespace.
  func hasMounted(_ type: FileSystemType, _ disk: Namespace) throws(DriverError) -> Bool {
    do { return try Files.status("\(sysfs.root)/fs/\(type.rawValue)/\(disk.name)") != nil } catch {
      throw DriverError(error)
    }
  }

  /// Who has the disk for itself after everything of ours was unmounted; nil when nobody does.
  private func claimant(
    of namespace: Namespace, _ record: StageRecord, _ operation: Operation
  ) async throws(DriverError) -> String? {
    let device = BlockDevice(namespace)
    // The kernel takes its entry of the file system away first, and lets go of the disk some time later.
    let patience = min(operation.deadline, .now + .seconds(5))
    while true {
      do throws(IsolatedCallError) {
        _ = try await calls.scan(
          device: device.path, exclusive: true, edges: 4096, samples: 0, sampleLength: 4096,
          deadline: operation.deadline)
        return nil
      } catch {
        guard case .failed(let failure) = error, failure.errno == .resourceBusy else {
          throw DriverError(.unavailable, "\(device.path): \(error)", cause: error)
        }
      }
      if try isAlive(namespace, record) {
        return "a running container or process, in a mount namespace that the plugin does not see,"
      }
      guard ContinuousClock.now < patience else {
        return "somebody who has \(device.path) open for itself"
      }
      await changes.pause(.milliseconds(100))
    }
  }
}

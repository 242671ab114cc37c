internal import BlockDevice
internal import CSI
internal import GRPC
internal import Linux
internal import Mount
internal import NVMe

extension Node {
  /// NodeUnpublishVolume: unmounts, or unlinks the device node, and removes the target path. What is
  /// there and not ours is left alone and refused.
  func unpublishVolume(
    _ request: NodeUnpublishVolumeRequest, _ context: ServerContext
  )
    async throws(RPCError) -> NodeUnpublishVolumeResponse
  {
    try await answering { () throws(DriverError) in
      let volume = try VolumeID(request.volumeID)
      let target = try path(request.targetPath, field: "target_path")
      try await operations.run("unpublish", volume: volume, deadline: context.answerDeadline) {
        (operation) throws(DriverError) in
        try await unpublish(target, of: volume, operation)
      }
      return NodeUnpublishVolumeResponse()
    }
  }

  func unpublish(
    _ target: KubeletPath, of volume: VolumeID, _ operation: Operation
  )
    async throws(DriverError)
  {
    let record = try await records.record(of: volume)
    try await operation.step("remove") { () async throws(DriverError) in
      try await removeTarget(target, knownTo: record, deadline: operation.deadline)
    }
    if var record, record.targets.contains(where: { $0.path == target.rawValue }) {
      record.targets.removeAll { $0.path == target.rawValue }
      let forgotten = record
      try await operation.step("forget") { () async throws(DriverError) in
        try await records.save(forgotten)
      }
    }
  }

  private func removeTarget(
    _ target: KubeletPath, knownTo record: StageRecord?, deadline: ContinuousClock.Instant
  ) async throws(DriverError) {
    let mounted = try table()
    if !mounted.mounts(at: target.rawValue).isEmpty {
      try requireOurs(mounted, at: target.rawValue, record)
      try await translating { () async throws(MountError) in
        try await mounts.unmount(target.rawValue, deadline: deadline)
      }
    }
    let status: FileStatus?
    do { status = try Files.status(target.rawValue) } catch { throw DriverError(error) }
    switch status?.kind {
    case nil: return
    case .directory:
      try await translating { () throws(SystemCallError) in
        _ = try Files.removeDirectory(target.rawValue)
      }
    default:
      let clear = try table()
      try await translating { () throws(BlockDeviceError) in
        try DeviceNode.unpublish(target.rawValue, table: clear)
      }
    }
  }

  /// A mount is ours when it is the volume's, or, of a volume without a record, when its device is a
  /// namespace that our own host identity is connected to. Anything else was made by somebody else.
  func requireOurs(
    _ table: MountTable, at path: String, _ record: StageRecord?
  )
    throws(DriverError)
  {
    if let record { return try requireOwn(at: path, of: record, in: table) }
    for mount in table.mounts(at: path) where !mount.isCover {
      guard try isOurs(mount.device) else {
        throw DriverError(
          .failedPrecondition,
          "\(path) is \(mount.summary), which this driver did not make; it is left alone")
      }
    }
  }

  private func isOurs(_ device: DeviceNumber) throws(DriverError) -> Bool {
    do throws(SystemCallError) {
      return try sysfs.subsystems().contains { subsystem in
        subsystem.namespaces.contains { $0.device == device }
          && subsystem.controllers.contains { $0.hostNQN == host.nqn.rawValue }
      }
    } catch { throw DriverError(error) }
  }
}

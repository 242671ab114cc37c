internal import BlockDevice
internal import CSI
internal import GRPC
internal import Linux
internal import Mount
internal import NVMe

extension Node {
  /// NodePublishVolume: binds the staged file system at the target path, or makes a device node of
  /// the volume there. The kubelet never stages again, so what is missing underneath is brought up
  /// from the stage record first.
  func publishVolume(
    _ request: NodePublishVolumeRequest, _ context: ServerContext
  )
    async throws(RPCError) -> NodePublishVolumeResponse
  {
    try await answering { () throws(DriverError) in
      let volume = try VolumeID(request.volumeID)
      let target = try path(request.targetPath, field: "target_path")
      let access = try VolumeAccess(request.volumeCapability)
      guard !request.stagingTargetPath.isEmpty else {
        throw DriverError(
          .failedPrecondition,
          "staging_target_path is missing: volume \(volume) must be staged first")
      }
      let staging = try path(request.stagingTargetPath, field: "staging_target_path")
      if access.kind == .block, request.readonly {
        throw DriverError(.failedPrecondition, VolumeAccess.readOnlyBlockRefusal)
      }
      try await operations.run("publish", volume: volume, deadline: context.answerDeadline) {
        (operation) throws(DriverError) in
        var record = try await staged(volume, at: staging, as: access)
        let wanted = StageRecord.Target(
          path: target.rawValue, readOnly: request.readonly || access.mode.isReadOnly,
          mode: access.mode)
        let isNew = try admit(wanted, to: record)
        // Before the record names the path: what it names is taken for the volume's.
        if isNew { try requireFree(wanted, for: record) }
        try await bringUp(&record, operation)
        do throws(DriverError) {
          try await publish(wanted, of: &record, operation)
        } catch {
          if isNew, error.isFinal { try? await unpublish(target, of: volume, operation) }
          throw error
        }
      }
      return NodePublishVolumeResponse()
    }
  }

  private func staged(
    _ volume: VolumeID, at staging: KubeletPath, as access: VolumeAccess
  )
    async throws(DriverError) -> StageRecord
  {
    guard let record = try await records.record(of: volume), record.phase == .staged else {
      throw DriverError(
        .failedPrecondition, "volume \(volume) is not staged: NodeStageVolume must succeed first")
    }
    guard record.stagingPath == staging.rawValue else {
      throw DriverError(
        .failedPrecondition,
        "volume \(volume) is staged at \(record.stagingPath), not at \(staging)")
    }
    guard record.access.isBlock == access.isBlock else {
      throw DriverError(
        .failedPrecondition,
        "volume \(volume) is staged as \(record.access); it cannot be published as \(access)")
    }
    return record
  }

  /// Whether the target may be published beside those there are; true when it is new.
  private func admit(
    _ wanted: StageRecord.Target, to record: StageRecord
  ) throws(DriverError)
    -> Bool
  {
    if let present = record.targets.first(where: { $0.path == wanted.path }) {
      guard present.readOnly == wanted.readOnly else {
        throw DriverError(
          .alreadyExists,
          """
          volume \(record.volume) is published at \(wanted.path) \
          \(present.readOnly ? "read-only" : "read-write"): unpublish it first
          """)
      }
      return false
    }
    let single = VolumeCapability.AccessMode.singleNodeSingleWriter
    if let other = record.targets.first,
      wanted.mode == single || record.targets.contains(where: { $0.mode == single })
    {
      throw DriverError(
        .failedPrecondition,
        """
        volume \(record.volume) is published at \(other.path) already, and its access mode \
        SINGLE_NODE_SINGLE_WRITER (ReadWriteOncePod) allows one target
        """)
    }
    return true
  }

  private func publish(
    _ target: StageRecord.Target, of record: inout StageRecord, _ operation: Operation
  ) async throws(DriverError) {
    var target = target
    // The kubelet publishes again for a pod that is running: it still has what it had.
    target.isRenewed = record.targets.contains { $0.path == target.path && $0.isRenewed }
    if !record.targets.contains(target) {
      record.targets.removeAll { $0.path == target.path }
      record.targets.append(target)
      let desired = record
      try await operation.step("target") { () async throws(DriverError) in
        try await records.save(desired)
      }
    }
    try await place(target, of: record, operation)
  }

  /// Binds the staged file system, or makes a device node, at a target that the record names.
  func place(
    _ target: StageRecord.Target, of ready: StageRecord, _ operation: Operation
  ) async throws(DriverError) {
    switch ready.access.kind {
    case .block:
      let namespace = try await self.namespace(of: ready, deadline: operation.deadline)
      try await operation.step("node") { () throws(DriverError) in
        try createDirectory(try path(target.path, field: "target_path").parent)
        let mounted = try table()
        do throws(BlockDeviceError) {
          try DeviceNode.publish(target.path, device: namespace.device, table: mounted)
        } catch { throw DriverError(error) }
        try nodes.confirm(target.path, namespace.device, of: ready)
      }
    case .fileSystem(_, let flags):
      var options = try mountOptions(flags)
      if target.readOnly { options.readOnly = true }
      let bound = options
      try await operation.step("bind") { () async throws(DriverError) in
        try createDirectory(target.path)
        try await translating { () async throws(MountError) in
          try await mounts.bind(
            ready.stagingPath, at: target.path, options: bound, deadline: operation.deadline)
        }
      }
    }
  }
}

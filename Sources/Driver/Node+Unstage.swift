internal import CSI
internal import GRPC
internal import Linux
internal import Logging
internal import Mount
internal import NVMe

extension Node {
  /// NodeUnstageVolume: unmounts the staging path and, when no other volume uses the subsystem,
  /// disconnects it. Both are verified; data that has not reached the target yet is never given up:
  /// while the target is away the call fails and is to be retried.
  func unstageVolume(
    _ request: NodeUnstageVolumeRequest, _ context: ServerContext
  )
    async throws(RPCError) -> NodeUnstageVolumeResponse
  {
    try await answering { () throws(DriverError) in
      let volume = try VolumeID(request.volumeID)
      let staging = try path(request.stagingTargetPath, field: "staging_target_path")
      try await operations.run("unstage", volume: volume, deadline: context.answerDeadline) {
        (operation) throws(DriverError) in
        guard let record = try await records.record(of: volume) else {
          try await unstageUnrecorded(staging, operation)
          return
        }
        guard record.stagingPath == staging.rawValue else {
          // The kubelet cleans up a path that this volume is no longer staged at.
          let stale = try table().mounts(at: staging.rawValue)
          guard stale.isEmpty else {
            throw DriverError(
              .failedPrecondition,
              "volume \(volume) is staged at \(record.stagingPath), not at \(staging)")
          }
          return
        }
        try requireUnpublished(record)
        try await tearDown(record, operation)
      }
      return NodeUnstageVolumeResponse()
    }
  }

  /// Targets that are still there, by the record and by the mount table.
  private func requireUnpublished(_ record: StageRecord) throws(DriverError) {
    let mounted = try table()
    for target in record.targets {
      let status: FileStatus?
      do { status = try Files.status(target.path) } catch { throw DriverError(error) }
      guard mounted.mounts(at: target.path).isEmpty, status?.kind != .blockDevice else {
        throw DriverError(
          .failedPrecondition,
          "volume \(record.volume) is still published at \(target.path): unpublish it first")
      }
    }
  }

  /// Undoes NodeStageVolume. The record goes last: until then a retry knows what is left to do.
  func tearDown(_ record: StageRecord, _ operation: Operation) async throws(DriverError) {
    let nqn = record.source.nqn
    if record.phase == .staged {
      var retired = record
      retired.phase = .unstaging
      let retiring = retired
      try await operation.step("retire") { () async throws(DriverError) in
        try await records.save(retiring)
      }
    }
    if try !table().mounts(at: record.stagingPath).isEmpty {
      try await operation.step("live") { () async throws(DriverError) in
        try await requireLive(record, deadline: operation.deadline)
      }
      try await operation.step("unmount") { () async throws(DriverError) in
        try await translating { () async throws(MountError) in
          try await mounts.unmount(record.stagingPath, deadline: operation.deadline)
        }
      }
    }
    try await operation.step("disconnect") { () async throws(DriverError) in
      try requireUnused(record)
      try await subsystems.leave(nqn, record.volume) { () async throws(DriverError) in
        try await disconnect(nqn, deadline: operation.deadline)
      }
    }
    try await operation.step("forget") { () async throws(DriverError) in
      try await records.remove(record.volume)
    }
  }

  /// Waits for a path that can take what the page cache still holds.
  ///
  /// Unmounting writes back; with every path down it would sit in the kernel until the target is
  /// back, so it is not begun. A volume whose controllers are gone altogether has nothing to wait for.
  private func requireLive(
    _ record: StageRecord, deadline: ContinuousClock.Instant
  )
    async throws(DriverError)
  {
    var pause = Duration.milliseconds(50)
    while true {
      let controllers = try controllers(of: record.source.nqn)
      if controllers.isEmpty || controllers.contains(where: { $0.state == .live }) { return }
      guard ContinuousClock.now + pause < deadline else {
        let states = controllers.map { "\($0.name) \($0.state)" }.joined(separator: ", ")
        throw DriverError(
          .deadlineExceeded,
          """
          volume \(record.volume): its target \(record.source.nqn) does not answer (\(states)), so \
          what was written last cannot be flushed; it stays staged. Restore the target and retry
          """)
      }
      try? await Task.sleep(for: pause)
      pause = min(pause * 2, .seconds(1))
    }
  }

  /// Nothing on this node may use the namespace any more: no mount of ours, no file system that is
  /// alive in another mount namespace or still being flushed by an earlier unmount, no device-mapper
  /// or RAID on top.
  private func requireUnused(_ record: StageRecord) throws(DriverError) {
    let subsystems: [Subsystem]
    do { subsystems = try sysfs.subsystem(nqn: record.source.nqn) } catch {
      throw DriverError(error)
    }
    for namespace in subsystems.flatMap(\.namespaces) where namespace.nsid == record.source.nsid {
      func inUse(_ by: String) -> DriverError {
        DriverError(
          .failedPrecondition,
          "volume \(record.volume): \(namespace.name) is still used by \(by); not disconnected")
      }
      if let mount = try table().mounts(of: namespace.device).first {
        throw inUse("the mount at \(mount.mountPoint)")
      }
      if let holder = namespace.holders.first { throw inUse("the device \(holder)") }
      for type in ["ext4", "xfs"] {
        let alive: FileStatus?
        do { alive = try Files.status("\(sysfs.root)/fs/\(type)/\(namespace.name)") } catch {
          throw DriverError(error)
        }
        if alive != nil {
          throw inUse(
            "a mounted \(type), in another mount namespace or not flushed yet; retry, and look for "
              + "the holder with `grep \(namespace.device) /proc/*/mountinfo`")
        }
      }
    }
  }

  private func disconnect(_ nqn: NQN, deadline: ContinuousClock.Instant) async throws(DriverError) {
    try await translating { () async throws(FabricsError) in
      try await fabrics.disconnect(nqn, as: host, deadline: deadline)
    }
  }

  /// Without a record there is nothing of ours but what the staging path shows: a mount of a namespace
  /// that our host identity is connected to is unmounted; the connection stays, since nothing says
  /// whose it is, and is reported.
  private func unstageUnrecorded(
    _ staging: KubeletPath, _ operation: Operation
  )
    async throws(DriverError)
  {
    let mounted = try table()
    guard !mounted.mounts(at: staging.rawValue).isEmpty else { return }
    try requireOurs(mounted, at: staging.rawValue, nil)
    try await operation.step("unmount") { () async throws(DriverError) in
      try await translating { () async throws(MountError) in
        try await mounts.unmount(staging.rawValue, deadline: operation.deadline)
      }
    }
    logger.warning(
      "unmounted a volume that has no stage record; its connection is left as it is",
      metadata: ["volume": "\(operation.volume)", "path": "\(staging)"])
  }
}

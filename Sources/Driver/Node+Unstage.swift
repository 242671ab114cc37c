internal import CSI
internal import GRPC
internal import Linux
internal import Logging
internal import Mount

extension Node {
  /// NodeUnstageVolume: unmounts the staging path and, when no other volume uses the subsystem,
  /// disconnects it. Both are verified. While the target is away the call fails and is to be retried,
  /// so that data that has not reached it yet is not lost; only after an outage of
  /// `forcedTeardownAfter` it is given up.
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

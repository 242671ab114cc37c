internal import BlockDevice
internal import CSI
internal import GRPC
internal import Linux
internal import NVMe

extension Node {
  /// NodeExpandVolume: asks the controllers to look again, waits for the new size, and grows the
  /// mounted file system online. A volume that has the size already is a success.
  func expandVolume(
    _ request: NodeExpandVolumeRequest, _ context: ServerContext
  )
    async throws(RPCError) -> NodeExpandVolumeResponse
  {
    try await answering { () throws(DriverError) in
      let volume = try VolumeID(request.volumeID)
      guard !request.volumePath.isEmpty else {
        throw DriverError(.invalidArgument, "volume_path is missing")
      }
      let range = request.capacityRange
      let required = UInt64(clamping: range?.requiredBytes ?? 0)
      let limit = UInt64(clamping: range?.limitBytes ?? 0)
      guard (range?.requiredBytes ?? 0) >= 0, (range?.limitBytes ?? 0) >= 0,
        limit == 0 || required <= limit
      else {
        throw DriverError(.outOfRange, "capacity_range: required_bytes exceeds limit_bytes")
      }
      _ = try await requireRecord(of: volume, at: request.volumePath)
      return try await operations.run(
        "expand", volume: volume, deadline: context.answerDeadline
      ) { (operation) throws(DriverError) in
        let record = try await requireRecord(of: volume, at: request.volumePath)
        let namespace = try await operation.step("size") { () async throws(DriverError) in
          try await grown(record, to: required, deadline: operation.deadline)
        }
        if limit > 0, namespace.size > limit {
          throw DriverError(
            .outOfRange,
            "volume \(volume) has \(namespace.size) bytes, more than limit_bytes \(limit)")
        }
        if case .fileSystem(let type, _) = record.access.kind {
          try await operation.step("grow") { () async throws(BlockDeviceError) in
            try await devices.grow(
              type, on: BlockDevice(namespace), mountedAt: record.stagingPath,
              deadline: .forWork(after: operation.deadline))
          }
        }
        return NodeExpandVolumeResponse(capacityBytes: Int64(clamping: namespace.size))
      }
    }
  }

  /// The namespace once it has `required` bytes. The kernel sees a target's resize by itself only
  /// when the target tells (an asynchronous event), so it is asked to look, and again every two
  /// seconds.
  private func grown(
    _ record: StageRecord, to required: UInt64, deadline: ContinuousClock.Instant
  ) async throws(DriverError) -> Namespace {
    var rescan = ContinuousClock.now
    var pause = Duration.milliseconds(20)
    while true {
      if ContinuousClock.now >= rescan {
        try self.rescan(record.source.nqn)
        rescan = .now + .seconds(2)
      }
      let found = try present(record)
      if let found, found.size >= max(required, 1) { return found }
      guard ContinuousClock.now + pause < deadline else {
        throw DriverError(
          .deadlineExceeded,
          """
          volume \(record.volume) has \(found?.size ?? 0) bytes, not \(required) yet: expand the \
          namespace at the target \(record.source.nqn) first, then retry
          """)
      }
      try await Task.pause(pause, for: record.volume)
      pause = min(pause * 2, .milliseconds(500))
    }
  }
}

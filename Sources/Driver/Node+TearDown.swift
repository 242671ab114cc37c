internal import Linux
internal import Logging
internal import Mount
internal import NVMe

extension Node {
  /// Undoes NodeStageVolume. The record goes last: until then a retry knows what is left to do.
  func tearDown(_ record: StageRecord, _ operation: Operation) async throws(DriverError) {
    let nqn = record.source.nqn
    try requireOwn(at: record.stagingPath, of: record, in: try table())
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
        try await awaitPath(record, operation)
      }
      try await operation.step("unmount") { () async throws(DriverError) in
        try await unmountOwn(record.stagingPath, of: record, deadline: operation.deadline)
      }
    }
    try await operation.step("disconnect") { () async throws(DriverError) in
      try requireUnused(record)
      // A disk without a controller goes with the next one; the kernel alone would keep it for long.
      if try noteOutage(of: record).reach == .kept {
        try await rejoin(record, deadline: operation.deadline)
      }
      try await release(record, deadline: operation.deadline)
      try await subsystems.leave(nqn, record.volume) { () async throws(DriverError) in
        if let need = try await needOfSiblings(record) {
          // The volume itself is done with. Whoever is the last to leave, or a human, disconnects.
          logger.warning(
            "the subsystem of a volume that is unstaged stays connected: another namespace is needed",
            metadata: ["volume": "\(record.volume)", "nqn": "\(nqn)", "reason": "\(need)"])
          return
        }
        try await disconnect(nqn, deadline: operation.deadline)
        try await requireGone(record, deadline: operation.deadline)
      }
    }
    try await operation.step("forget") { () async throws(DriverError) in
      try await records.remove(record.volume)
    }
    holds.forget(record.volume)
  }

  /// Nothing on this node may use the namespace any more.
  private func requireUnused(_ record: StageRecord) throws(DriverError) {
    for namespace in try disks(of: record) {
      guard let user = try user(of: namespace) else { continue }
      throw DriverError(
        .failedPrecondition,
        "volume \(record.volume): \(namespace.name) is still used by \(user); not disconnected")
    }
  }

  private func disconnect(_ nqn: NQN, deadline: ContinuousClock.Instant) async throws(DriverError) {
    try await translating { () async throws(FabricsError) in
      try await fabrics.disconnect(nqn, as: host, deadline: deadline)
    }
  }

  /// The disk goes with its last controller. One that had none any more the kernel keeps until the
  /// time is over that it had when it lost it; I/O that waits in it until then would reach whatever
  /// serves the namespace next, so the volume is not done with before.
  private func requireGone(
    _ record: StageRecord, deadline: ContinuousClock.Instant
  ) async throws(DriverError) {
    let patience = min(deadline, .now + .seconds(10))
    while let disk = try disks(of: record).first(where: { !$0.hasPath }) {
      guard ContinuousClock.now < patience else {
        throw DriverError(
          .unavailable,
          """
          volume \(record.volume): the kernel keeps \(disk.name), which has no controller any more, \
          for at most \(configuration.removalDelay) s after the last one went, or until the target \
          is back; retry
          """)
      }
      try await Task.pause(.milliseconds(100), for: record.volume)
    }
  }
}

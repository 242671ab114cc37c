internal import BlockDevice
internal import Linux
internal import Logging
internal import Mount
internal import NVMe
internal import Recovery

extension Node {
  /// Looks at a volume and does what can be done for it, under the same reservation as the RPCs.
  ///
  /// A volume that is as it should be, or that only the kernel or the target can help, costs one look
  /// at sysfs and mountinfo and no reservation.
  func recover(_ volume: VolumeID) async -> Reconciler<VolumeID>.Outcome {
    do throws(DriverError) {
      guard let record = try await records.record(of: volume) else {
        recoveries.forget(volume)
        return .settled
      }
      guard let desired = desired(record) else {
        // Of no use to anybody but an Unstage that is to be tried again.
        if record.phase == .unstaging { _ = try noteOutage(of: record) }
        recoveries.forget(volume)
        return .settled
      }
      let limit = ContinuousClock.now + Self.recoveryPatience
      let observed = try await observe(desired, of: record, deadline: limit)
      outages.note(
        volume, isOut: Reach(observed.controllers, observed.namespaces).isOut, at: .now)
      let plan = RecoveryPlan(desired, observed)
      recoveries.note(plan.state, of: volume)
      guard !plan.steps.isEmpty else {
        // Nothing tells when a state ends in which nothing can be done: the slow poll does.
        return .settled
      }
      let state = try await operations.run(
        Operations.recovery, volume: volume, deadline: limit
      ) {
        (operation) throws(DriverError) -> RecoveryState? in
        // An RPC may have changed the record before the reservation was ours.
        guard let record = try await records.record(of: volume) else { return nil }
        return try await restore(record, operation)
      }
      guard let state else {
        recoveries.forget(volume)
        return .settled
      }
      recoveries.note(state, of: volume)
      return recoveries.outcome(of: volume, state)
    } catch {
      if error.code != .operationPending {
        recoveries.fail(volume, error)
      }
      return recoveries.outcome(of: volume, .unknown(error.message))
    }
  }

  private static var recoveryPatience: Duration { .seconds(60) }

  /// Carries out plan after plan until nothing is left to do; returns how the volume is then, nil when
  /// it is not ours to keep up.
  func restore(
    _ record: StageRecord, _ operation: Operation
  ) async throws(DriverError) -> RecoveryState? {
    var record = record
    guard desired(record) != nil else { return nil }
    // Connecting is one round, what the connection brings to light the next; more is going in circles.
    var rounds = 0
    var previous: RecoveryPlan?
    while true {
      guard let desired = desired(record) else { return nil }
      let observed = try await observe(desired, of: record, deadline: operation.deadline)
      let plan = RecoveryPlan(desired, observed)
      // The same again would help no more than the first time.
      guard !plan.steps.isEmpty, rounds < 4, plan != previous else { return plan.state }
      rounds += 1
      previous = plan
      logger.debug(
        "restoring a volume",
        metadata: [
          "volume": "\(record.volume)", "state": "\(plan.state.name)",
          "steps": "\(plan.steps.map { "\($0)" }.joined(separator: ", "))",
        ])
      for step in plan.steps { try await take(step, for: &record, operation) }
    }
  }

  private func take(
    _ step: RecoveryStep, for record: inout StageRecord, _ operation: Operation
  ) async throws(DriverError) {
    let present = record
    try await take(step, for: present, operation)
    // What is mounted now starts with the errors that it has now.
    guard step == .mount, let errors = try errorCount(of: record),
      record.fileSystemErrors != errors
    else { return }
    record.fileSystemErrors = errors
    let mounted = record
    try await operation.step("commit") { () async throws(DriverError) in
      try await records.save(mounted)
    }
  }

  private func take(
    _ step: RecoveryStep, for record: StageRecord, _ operation: Operation
  ) async throws(DriverError) {
    switch step {
    case .blank(let path):
      try await operation.step("blank") { () throws(BlockDeviceError) in
        try nodes.blank(path, of: record)
      }
    case .retain:
      for disk in try disks(of: record) { await retain(disk, of: record, operation) }
    case .connect(let portals):
      try await operation.step("connect") { () async throws(DriverError) in
        try await connect(portals, of: record, deadline: operation.deadline)
        _ = try await namespace(of: record, deadline: operation.deadline)
      }
    case .rescan:
      try await operation.step("rescan") { () async throws(DriverError) in
        try rescan(record.source.nqn)
        await changes.pause(.milliseconds(500))
      }
    case .detach(let path):
      try await operation.step("detach") { () async throws(MountError) in
        try await mounts.detach(path, deadline: operation.deadline)
      }
    case .unmount(let path):
      try await operation.step("unmount") { () async throws(MountError) in
        try await mounts.unmount(path, deadline: operation.deadline)
      }
    case .check:
      guard case .fileSystem(let type, _) = record.access.kind, !record.access.mode.isReadOnly
      else { return }
      let device = BlockDevice(try await namespace(of: record, deadline: operation.deadline))
      try await operation.step("check") { () async throws(BlockDeviceError) -> Void in
        try await devices.check(type, on: device, deadline: .forWork(after: operation.deadline))
      }
    case .mount:
      let namespace = try await namespace(of: record, deadline: operation.deadline)
      try await mountStaged(record, BlockDevice(namespace), operation)
    case .bind(let path), .node(let path):
      guard let target = record.targets.first(where: { $0.path == path }) else { return }
      try await place(target, of: record, operation)
    }
  }
}

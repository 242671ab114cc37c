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
    guard !Fault.isIdle else { return .settled }
    let record: StageRecord
    do throws(DriverError) {
      guard let found = try await records.record(of: volume) else {
        recoveries.forget(volume)
        return .settled
      }
      record = found
    } catch {
      recoveries.unreadable(volume, error.message)
      return .again(after: RetryPace.cap)
    }
    guard let desired = desired(record) else {
      // Of no use to anybody but an Unstage that is to be tried again.
      if record.phase == .unstaging { _ = try? noteOutage(of: record) }
      recoveries.forget(volume)
      portals.passOn(volume, at: record.source.portals, since: .now)
      return .settled
    }
    let start = ContinuousClock.now
    var steps: [RecoveryStep] = []
    var isDamaged = false
    do throws(DriverError) {
      let limit = start + Self.recoveryPatience
      let observed = try await observe(desired, of: record, deadline: limit)
      outages.note(
        volume, isOut: Reach(observed.controllers, observed.namespaces).isOut, at: .now)
      let plan = RecoveryPlan(desired, observed)
      steps = plan.steps
      recoveries.note(plan.state, of: volume, hasWork: !steps.isEmpty)
      guard !steps.isEmpty else {
        // Nothing tells when a state ends in which nothing can be done: the slow poll does.
        portals.passOn(volume, at: desired.portals, since: .now)
        return .settled
      }
      if let pause = recoveries.pause(volume, before: steps) { return .again(after: pause) }
      if mustWait(plan) { return wait(volume, for: steps, desired) }
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
      switch state {
      case .healthy, .reconnecting, .held, .foreign: return .settled
      default: break
      }
    } catch {
      if error.code == .operationPending { return .again(after: .milliseconds(500)) }
      recoveries.explain(volume, error.message)
      // The portal's trouble and not the volume's: as soon as it answers the volume is tried again.
      if let cause = error.cause as? FabricsError, cause.concernsPortal {
        return wait(volume, for: steps, desired)
      }
      isDamaged = (error.cause as? BlockDeviceError)?.code == .fileSystemDamaged
    }
    return .again(
      after: recoveries.failed(volume, steps, isDamaged: isDamaged, after: .now - start))
  }

  private func wait(
    _ volume: VolumeID, for steps: [RecoveryStep], _ desired: DesiredVolume
  ) -> Reconciler<VolumeID>.Outcome {
    let portals = steps.flatMap(\.portals)
    let delay = self.portals.wait(
      volume, at: portals.isEmpty ? desired.portals : portals, since: .now)
    return delay.map { .again(after: $0) } ?? .settled
  }

  private static var recoveryPatience: Duration { .seconds(60) }
  /// For a connect and its namespace. Longer than the kernel waits for a target that is silent (11 s,
  /// measured): what the target says is worth more than that it took too long.
  private static var connectPatience: Duration { .seconds(15) }

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
      try await noteRenewal(by: plan, of: &record, operation)
      for step in plan.steps {
        if case .unmount(let paths) = step {
          guard try await unmountAll(paths, of: record, operation) else { break }
        } else {
          try await take(step, for: &record, operation)
        }
      }
    }
  }

  private func take(
    _ step: RecoveryStep, for record: inout StageRecord, _ operation: Operation
  ) async throws(DriverError) {
    let present = record
    if step == .mount, try await mountAgain(present, operation) { return }
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
        let deadline = min(operation.deadline, .now + Self.connectPatience)
        try await connect(
          portals, of: record, deadline: deadline,
          asRecovery: operation.name == Operations.recovery)
        _ = try await namespace(of: record, deadline: deadline)
      }
    case .endure(let timeout, let names):
      try await operation.step("endure") { () throws(DriverError) in
        for controller in try controllers(of: record.source.nqn)
        where names.contains(controller.name) && !timeout.isMet(by: controller) {
          do throws(SystemCallError) {
            try sysfs.setCtrlLossTimeout(timeout.seconds, of: controller)
          } catch { throw DriverError(error) }
        }
      }
    case .rescan:
      try await operation.step("rescan") { () async throws(DriverError) in
        try rescan(record.source.nqn)
        await changes.pause(.milliseconds(500))
      }
    case .detach(let path):
      try await operation.step("detach") { () async throws(DriverError) in
        try await detachRemains(path, of: record, deadline: operation.deadline)
      }
    case .unmount: break
    case .check:
      guard case .fileSystem(let type, _) = record.access.kind, !record.access.mode.isReadOnly
      else { return }
      let namespace = try await namespace(of: record, deadline: operation.deadline)
      try await pinning(namespace, of: record, operation) { (disk) async throws(DriverError) in
        try await operation.step("check") { () async throws(BlockDeviceError) -> Void in
          try await devices.check(
            type, on: disk.device, deadline: .forWork(after: operation.deadline))
        }
        try requireHeld(disk, of: record)
      }
    case .mount:
      let namespace = try await namespace(of: record, deadline: operation.deadline)
      try await mountPinned(record, namespace, operation)
    case .bind(let path), .node(let path):
      guard let target = record.targets.first(where: { $0.path == path }) else { return }
      try await place(target, of: record, operation)
    }
  }
}

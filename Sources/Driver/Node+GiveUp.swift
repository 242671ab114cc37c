internal import Linux
internal import Logging
internal import NVMe

/// A target that is away while its volume is to be unmounted.
extension Node {
  /// Waits for a path that can take what the page cache still holds.
  ///
  /// Unmounting writes back; with every path down it would sit in the kernel until the target is
  /// back, so it is not begun. A volume of which nothing is left that I/O could wait in has nothing to
  /// wait for. Once the outage has lasted `forcedTeardownAfter`, the target is given up.
  func awaitPath(_ record: StageRecord, _ operation: Operation) async throws(DriverError) {
    var pause = Duration.milliseconds(50)
    var hasGivenUp = false
    var nextAttempt = ContinuousClock.now
    while true {
      var (reach, since) = try noteOutage(of: record)
      if reach == .kept, !hasGivenUp, ContinuousClock.now >= nextAttempt {
        // The kernel does not try; recovery has left the volume to us.
        nextAttempt = .now + .seconds(3)
        try await rejoin(record, deadline: operation.deadline)
        (reach, since) = try noteOutage(of: record)
      }
      guard reach.isOut, let since else { return }
      if hasGivenUp, reach == .kept { return }
      let outage = ContinuousClock.now - since
      if !hasGivenUp, let limit = configuration.forcedTeardownAfter, outage >= limit,
        try await isAlone(record)
      {
        try await operation.step("give-up") { () async throws(DriverError) in
          try await giveUp(record, after: outage, deadline: operation.deadline)
        }
        hasGivenUp = true
        continue
      }
      guard ContinuousClock.now + pause < operation.deadline else {
        throw unflushed(record, outage, isAlone: try await isAlone(record))
      }
      try await Task.pause(pause, for: record.volume)
      pause = min(pause * 2, .seconds(1))
    }
  }

  /// Looks at what leads to the volume, and remembers since when nothing does.
  func noteOutage(
    of record: StageRecord
  ) throws(DriverError) -> (reach: Reach, since: ContinuousClock.Instant?) {
    let reach = Reach(try controllers(of: record.source.nqn), try disks(of: record))
    return (reach, outages.note(record.volume, isOut: reach.isOut, at: .now))
  }

  /// Tries once to give the disk that the kernel has kept a controller again.
  func rejoin(_ record: StageRecord, deadline: ContinuousClock.Instant) async throws(DriverError) {
    do throws(DriverError) {
      try await connect(
        record.source.portals, of: record, deadline: min(deadline, .now + .seconds(10)))
    } catch {
      logger.debug(
        "a volume that is to be unstaged could not be connected again",
        metadata: ["volume": "\(record.volume)", "reason": "\(error)"])
    }
  }

  /// Has the kernel give the controllers up, so that I/O that waits fails instead of holding the
  /// unmount back. Returns when they are gone, or one of them is live after all.
  ///
  /// Not by disconnecting: that would wait inside the kernel for what it is to end. With a limit of 0
  /// the next attempt to reconnect is the last one (nvmf_should_reconnect, drivers/nvme/host/fabrics.c).
  /// As long as the kernel would keep the disk I/O would wait in it all the same.
  private func giveUp(
    _ record: StageRecord, after outage: Duration, deadline: ContinuousClock.Instant
  ) async throws(DriverError) {
    let nqn = record.source.nqn
    let lost = try controllers(of: nqn).map(\.summary).joined(separator: ", ")
    logger.warning(
      """
      the target has been away for too long: the volume is torn down without it; what was written \
      and had not reached the target when it went away is lost
      """,
      metadata: [
        "volume": "\(record.volume)", "nqn": "\(nqn)",
        "outage_s": "\(outage.components.seconds)",
        "controllers": "\(lost)",
      ])
    metrics.gaveUpTarget()
    try await release(record, deadline: deadline)
    var pause = Duration.milliseconds(50)
    while true {
      let left = try controllers(of: nqn)
      if left.isEmpty || left.contains(where: { $0.state == .live }) { return }
      for controller in left where controller.ctrlLossTimeout != 0 {
        // One that is going has no such attribute any more.
        try? sysfs.setCtrlLossTimeout(0, of: controller)
      }
      guard ContinuousClock.now + pause < deadline else {
        let names = left.map(\.summary).joined(separator: ", ")
        throw DriverError(
          .deadlineExceeded,
          "volume \(record.volume): its target \(nqn) is given up, and the kernel has not removed "
            + "its controllers yet (\(names)); retry")
      }
      try await Task.pause(pause, for: record.volume)
      pause = min(pause * 2, .milliseconds(500))
    }
  }

  private func unflushed(
    _ record: StageRecord, _ outage: Duration, isAlone: Bool
  ) -> DriverError {
    let nqn = record.source.nqn
    let states = ((try? controllers(of: nqn)) ?? []).map { "\($0.name) \($0.state)" }
    let shown = states.isEmpty ? "no controller" : states.joined(separator: ", ")
    let prospect =
      if let limit = configuration.forcedTeardownAfter {
        isAlone
          ? """
          ; once the outage has lasted \(limit.components.seconds) s (\(outage.components.seconds) s \
          so far) a retry gives up what could not be flushed
          """ : "; it is not given up, since its subsystem is needed for more than this volume"
      } else { "" }
    return DriverError(
      .deadlineExceeded,
      """
      volume \(record.volume): its target \(nqn) does not answer (\(shown)), so what was written \
      last cannot be flushed; it stays staged. Restore the target and retry\(prospect)
      """)
  }
}

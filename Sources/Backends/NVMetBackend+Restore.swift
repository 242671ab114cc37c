internal import NVMe

extension NVMetBackend {
  /// Brings every export back as its record says: all subsystems whole with their hosts first, then all
  /// ports. A record or a volume that is damaged is reported and left alone.
  ///
  /// A port listens from its first link on, and its other volumes' hosts are refused until theirs, which
  /// Linux 6.10 and later takes as final. So ports stay closed for a while for volumes with hosts that
  /// are not ready; then the others are not kept waiting any longer.
  ///
  /// Fails only when the pool or the kernel's target is not there, to be called again. Returns the
  /// volumes that are not exported and may be yet.
  @discardableResult
  public func restore(
    deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> [ObjectID: BackendError] {
    let ids = try await records.volumes()
    let listening = try await onTarget("look for nvmet", subject: "restore", deadline) {
      (target) throws(BackendError) in
      try target.requireAvailable()
      return try target.listening()
    }
    try await pool.checkHealth(isKnown: !ids.isEmpty, deadline: deadline)
    var restoration = Restoration()
    let patience = min(deadline, .now + limits.patience)
    try await prepare(ids, &restoration, deadline)
    while true {
      let isLast = ContinuousClock.now >= patience
      let isAwaited = !isLast && !restoration.awaited(beside: listening).isEmpty
      // What listens already refuses everybody who is not linked: no time to lose there.
      try await publish(&restoration, at: isAwaited ? listening : nil)
      if isLast || !isAwaited && restoration.unlinked.isEmpty { break }
      guard (try? await Task.sleep(for: limits.pause)) != nil else {
        throw BackendError(.unavailable, "stopped before all exports were back")
      }
      do throws(BackendError) {
        try await prepare(restoration.unprepared, &restoration, deadline)
      } catch {
        // The pool was there a moment ago: what is ready is not kept waiting for it.
        restoration.take(
          Dictionary(
            uniqueKeysWithValues: restoration.unprepared.map { ($0, .failure(error)) }))
      }
    }
    await cut(&restoration, deadline)
    return tell(restoration)
  }

  /// One volume that did not come back with the others.
  public func restore(
    _ volume: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    guard let stored = try await records.record(of: volume), stored.record.phase == .serving else {
      return
    }
    let object = try await pool.activate([volume], deadline: deadline)[volume]
    _ = try await apply(try await located(stored, object), deadline)
  }

  /// Makes everything but the links at the ports, of several volumes at a time: one that hangs holds up
  /// itself. Those that are not to be served are skipped.
  private func prepare(
    _ ids: [ObjectID], _ restoration: inout Restoration, _ deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    guard !ids.isEmpty else { return }
    var serving: [ExportRecords.Stored] = []
    for id in ids {
      do throws(BackendError) {
        // One whose creation was cut short is active as well for whoever goes on with it.
        guard let stored = try await records.record(of: id), stored.record.phase != .deleting
        else { continue }
        serving.append(stored)
      } catch {
        restoration.take(.failed(error, nil), of: id)
      }
    }
    let objects = try await pool.activate(serving.map(\.record.volume), deadline: deadline)
    serving.removeAll { $0.record.phase != .serving }
    await withTaskGroup(of: (ObjectID, Restoration.Step).self) { group in
      var waiting = serving[...]
      for _ in 0..<limits.concurrency {
        guard let stored = waiting.popFirst() else { break }
        group.addTask { await self.prepared(stored, objects[stored.record.volume], deadline) }
      }
      while let (id, step) = await group.next() {
        restoration.take(step, of: id)
        guard let stored = waiting.popFirst() else { continue }
        group.addTask { await self.prepared(stored, objects[stored.record.volume], deadline) }
      }
    }
  }

  private func prepared(
    _ stored: ExportRecords.Stored, _ object: Result<PoolObject?, BackendError>?,
    _ deadline: ContinuousClock.Instant
  ) async -> (ObjectID, Restoration.Step) {
    let id = stored.record.volume
    do throws(BackendError) {
      let stored = try await located(stored, object)
      let record = stored.record
      let hadStrangers = try await onTarget("restore", id, min(deadline, .now + limits.volume)) {
        (target) throws(BackendError) in
        try target.prepare(record)
      }
      return (id, .prepared(stored, hadStrangers: hadStrangers))
    } catch {
      return (id, .failed(error, stored.record))
    }
  }

  /// The record with the path that the volume's storage has now.
  private func located(
    _ stored: ExportRecords.Stored, _ object: Result<PoolObject?, BackendError>?
  ) async throws(BackendError) -> ExportRecords.Stored {
    guard let object = try object?.get() else {
      throw BackendError(
        .broken, "its storage \(stored.record.path) is gone; it is not exported until it is back")
    }
    var record = stored.record
    record.path = object.path
    record.size = object.size
    return try await records.save(record, over: stored)
  }

  private func publish(
    _ restoration: inout Restoration, at portals: Set<TransportAddress>?
  ) async throws(BackendError) {
    let ready = restoration.ready
    guard !ready.isEmpty, portals?.isEmpty != true else { return }
    // Has its own time: half of the links made, and the rest's hosts refused, is what must not be.
    let results = try await onTarget("open the ports", subject: "restore", .now + .seconds(60)) {
      target in
      target.publish(ready, at: portals)
    }
    restoration.take(results)
  }

  /// Cuts who was connected and is not allowed any more.
  private func cut(
    _ restoration: inout Restoration, _ deadline: ContinuousClock.Instant
  ) async {
    for id in restoration.toCut.sorted() {
      guard let stored = restoration.prepared[id] else { continue }
      let record = stored.record
      do throws(BackendError) {
        let limit = max(.now, min(deadline, .now + limits.volume))
        try await onTarget("cut", id, limit) { (target) throws(BackendError) in
          try target.cut(record)
        }
        _ = try await apply(stored, limit)
      } catch {
        restoration.take([id: .failure(error)])
      }
    }
  }

  /// Reports what a person has to see to; returns what another try may mend.
  private func tell(_ restoration: Restoration) -> [ObjectID: BackendError] {
    for (id, error) in restoration.obstacles.sorted(by: { $0.key < $1.key }) {
      report("volume \(id) is not restored: \(error)")
    }
    let refused = restoration.refused
    if !refused.isEmpty, !restoration.prepared.isEmpty {
      report(
        "the ports listen without \(refused.map(\.description).joined(separator: ", ")): hosts that ask "
          + "for these are refused, and drop their controllers if they are Linux 6.10 or later")
    }
    return restoration.obstacles
  }
}

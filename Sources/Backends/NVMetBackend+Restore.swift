extension NVMetBackend {
  /// Brings every export back as its record says: all subsystems whole with their hosts first, then all
  /// ports. A record or a volume that is damaged is reported and left alone.
  ///
  /// Fails with `unavailable` or `timedOut`, to be called again, when the pool or the kernel's target
  /// is not there, or did not answer in time for some volumes; the others are restored.
  public func restore(deadline: ContinuousClock.Instant) async throws(BackendError) {
    let ids = try await records.volumes()
    try await onTarget("look for nvmet", subject: "restore", deadline) {
      (target) throws(BackendError) in
      try target.requireAvailable()
    }
    try await pool.checkHealth(isKnown: !ids.isEmpty, deadline: deadline)
    var restorable: [ExportRecords.Stored] = []
    var toCut: [ExportRecords.Stored] = []
    var retry: BackendError?
    for id in ids {
      do throws(BackendError) {
        guard let stored = try await loaded(id, deadline) else { continue }
        let record = stored.record
        let hadStrangers = try await onTarget("restore", id, deadline) {
          (target) throws(BackendError) in
          try target.prepare(record)
        }
        restorable.append(stored)
        if hadStrangers || !record.cutting.isEmpty { toCut.append(stored) }
      } catch {
        retry = failed(id, error) ?? retry
      }
    }
    let ready = restorable.map(\.record)
    let results = try await onTarget("open the ports", subject: "restore", deadline) { target in
      target.publish(ready)
    }
    for (id, result) in results.sorted(by: { $0.key < $1.key }) {
      if case .failure(let error) = result { retry = failed(id, error) ?? retry }
    }
    for stored in toCut {
      do throws(BackendError) {
        let record = stored.record
        try await onTarget("cut", record.volume, deadline) { (target) throws(BackendError) in
          try target.cut(record)
        }
        _ = try await apply(stored, deadline)
      } catch {
        retry = failed(stored.record.volume, error) ?? retry
      }
    }
    if let retry { throw retry }
  }

  /// The record of a volume that is to be exported, with the path that its storage has now.
  private func loaded(
    _ id: ObjectID, _ deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> ExportRecords.Stored? {
    guard let stored = try await records.record(of: id), stored.record.phase == .serving else {
      return nil
    }
    guard let object = try await pool.volume(id, deadline: deadline) else {
      throw BackendError(
        .broken, "its storage \(stored.record.path) is gone; it is not exported until it is back")
    }
    var record = stored.record
    record.path = object.path
    record.size = object.size
    return try await records.save(record, over: stored)
  }

  /// Reports what a person has to see to; returns what another try may mend.
  private func failed(_ id: ObjectID, _ error: BackendError) -> BackendError? {
    report("volume \(id) is not restored: \(error)")
    switch error.code {
    case .unavailable, .timedOut:
      return BackendError(error.code, "volume \(id) is not restored yet", cause: error)
    default: return nil
    }
  }
}

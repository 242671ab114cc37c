extension NVMetBackend {
  /// Makes the target look as the record says, and cuts connections of hosts that are no longer in it.
  /// They are shut out first: whether the volume can be exported has nothing to do with that.
  func apply(
    _ stored: ExportRecords.Stored, _ deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> ExportRecords.Stored {
    let settled = try await shutOut(stored, deadline)
    let record = settled.record
    try await onTarget("export", record.volume, deadline) { (target) throws(BackendError) in
      try target.prepare(record)
      try target.publish([record])[record.volume]?.get()
    }
    return settled
  }

  /// Shuts out whom the record does not let in, from configfs alone, and records that it is done.
  func shutOut(
    _ stored: ExportRecords.Stored, _ deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> ExportRecords.Stored {
    let record = stored.record
    try await onTarget("shut hosts out of", record.volume, deadline) {
      (target) throws(BackendError) in
      try target.shutOut(record)
    }
    guard !record.cutting.isEmpty else { return stored }
    var settled = record
    settled.cutting = []
    return try await records.save(settled, over: stored)
  }
}

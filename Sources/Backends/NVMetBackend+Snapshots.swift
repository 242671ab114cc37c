extension NVMetBackend {
  /// The pool's; of a volume that no host may write to, if the pool has to copy it.
  public func createSnapshot(
    _ id: ObjectID, of volume: ObjectID, deadline: ContinuousClock.Instant,
    progress: @escaping Progress
  ) async throws(BackendError) -> BackendSnapshot {
    guard id.kind == .snapshot, volume.kind == .volume else {
      throw BackendError(.invalid, "'\(id)' of '\(volume)' is no snapshot of a volume")
    }
    guard pool.needsQuietSource else {
      return try await pool.createSnapshot(
        id, of: volume, deadline: deadline, progress: progress)
    }
    if let snapshot = try await pool.snapshot(id, deadline: deadline), snapshot.source == volume {
      return snapshot
    }
    return try await quiet.copying(volume) { () async throws(BackendError) in
      try await requireQuiet(volume, "be copied", deadline)
      return try await pool.createSnapshot(
        id, of: volume, deadline: deadline, progress: progress)
    }
  }

  /// The pool's.
  public func deleteSnapshot(
    _ id: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    try await pool.deleteSnapshot(id, deadline: deadline)
  }

  /// The pool's.
  public func snapshot(
    _ id: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> BackendSnapshot? {
    try await pool.snapshot(id, deadline: deadline)
  }
}

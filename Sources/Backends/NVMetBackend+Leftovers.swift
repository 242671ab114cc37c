internal import NVMe

extension NVMetBackend {
  /// What the pool knows of, creates and deletes that were cut short, and subsystems with our mark that
  /// neither the records nor the pool know.
  ///
  /// Storage without a record is no leftover: a create writes the record first, so it is a volume whose
  /// record was lost.
  public func leftovers(
    deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> [Leftover] {
    var leftovers = try await pool.leftovers(deadline: deadline)
    let storage = Set(try await pool.volumeIDs(deadline: deadline))
    let recorded = try await records.volumes()
    for id in recorded {
      // One that cannot be read is a volume with a fault.
      guard let record = try? await records.record(of: id)?.record else { continue }
      if let what = Self.unfinished[record.phase] { leftovers.append(Leftover(id: id, what: what)) }
    }
    let subsystems = try await onTarget("list the subsystems", subject: "list", deadline) {
      (target) throws(BackendError) in
      try target.requireAvailable()
      return try target.subsystems()
    }
    for nqn in subsystems {
      guard let id = configuration.volume(of: nqn), !recorded.contains(id), !storage.contains(id)
      else { continue }
      leftovers.append(Leftover(id: id, what: Self.subsystem(nqn)))
    }
    return leftovers.sorted { ($0.id, $0.what) < ($1.id, $1.what) }
  }

  /// Finishes a delete, undoes a create, removes a subsystem that belongs to nothing; the rest is the
  /// pool's.
  public func remove(
    _ leftover: Leftover, deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    let id = leftover.id
    let record = try await records.record(of: id)?.record
    if Self.unfinished.values.contains(leftover.what) {
      guard let record, Self.unfinished[record.phase] == leftover.what else { return }
      return try await deleteVolume(id, deadline: deadline) { _, _ in }
    }
    let nqn = try configuration.nqn(of: id)
    guard leftover.what == Self.subsystem(nqn) else {
      return try await pool.remove(leftover, deadline: deadline)
    }
    guard record == nil, try await pool.volume(id, deadline: deadline) == nil else { return }
    try await onTarget("remove what is left of", id, deadline) { (target) throws(BackendError) in
      guard try target.isOurs(nqn) else { return }
      try target.requireNoHosts(nqn)
      try target.remove(nqn)
    }
  }

  private static let unfinished: [ExportRecord.Phase: String] = [
    .creating: "volume whose creation was cut short",
    .deleting: "volume whose deletion was cut short",
  ]

  private static func subsystem(_ nqn: NQN) -> String { "subsystem \(nqn) without a volume" }
}

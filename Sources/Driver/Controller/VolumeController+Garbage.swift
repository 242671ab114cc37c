internal import Backends
internal import Logging

extension VolumeController {
  /// Removes the leftovers that are ripe, each reserved meanwhile; in a dry run they are returned
  /// instead. A listing that fails changes nothing: an incomplete one proves nothing.
  func clearAway(
    _ garbage: inout Garbage, at now: ContinuousClock.Instant
  ) async throws(DriverError) -> [Leftover] {
    let leftovers = try await translating { () async throws(BackendError) in
      try await backend.leftovers(deadline: .now + .seconds(120))
    }
    // After the listing: a create that began before it has its record by now.
    let known = Set(try await volumes.ids()).union(try await snapshots.ids())
    let ripe = garbage.seen(leftovers, at: now, known: known)
    guard !configuration.garbageDryRun else { return ripe }
    for leftover in ripe {
      do throws(DriverError) {
        try await work.perform(
          .removeLeftovers, on: VolumeID(leftover.id), deadline: .now + .seconds(300)
        ) { (_, operation) throws(DriverError) in
          try await remove(leftover, operation)
        }
        logger.notice(
          "removed a leftover", metadata: ["object": "\(leftover.id)", "what": "\(leftover.what)"])
      } catch {
        logger.warning(
          "a leftover stays for now",
          metadata: [
            "object": "\(leftover.id)", "what": "\(leftover.what)", "reason": "\(error.message)",
          ])
      }
    }
    return []
  }

  private func remove(_ leftover: Leftover, _ operation: Operation) async throws(DriverError) {
    // Reserved now: nobody makes one meanwhile.
    let isKnown: Bool
    switch leftover.id.kind {
    case .volume: isKnown = try await volumes.ids().contains(leftover.id)
    case .snapshot: isKnown = try await snapshots.ids().contains(leftover.id)
    }
    guard !isKnown else { return }
    try await operation.step("backend") { () async throws(BackendError) in
      try await backend.remove(leftover, deadline: operation.deadline)
    }
  }

  /// Where the records and the storage say different things, for people: a volume that one of them
  /// does not know is never removed, since it may be somebody's only copy.
  func mismatches() async throws(DriverError) -> [String] {
    guard backend.capabilities.contains(.listing) else { return [] }
    let before = Set(try await volumes.ids())
    let present = Set(
      try await translating { () async throws(BackendError) in
        try await backend.volumeIDs(deadline: .now + .seconds(120))
      })
    let known = Set(try await volumes.ids())
    // Only what the two differ in is looked at.
    var words: [String] = []
    for id in before.intersection(known).subtracting(present).sorted() {
      guard let record = try await lost(id) else { continue }
      words.append(
        "volume \(id) ('\(record.name)') has a record, but the storage does not have it; it is kept as "
          + "it is until DeleteVolume")
    }
    for id in present.subtracting(known).sorted() where !work.isBusy(VolumeID(id)) {
      switch try await found(id) {
      case nil: continue
      case .success:
        words.append(
          "volume \(id) is on the storage, but has no record; it is kept as it is: restore the state "
            + "directory, or delete it by its id")
      case .failure(let damage):
        words.append("volume \(id) has no record, and its storage is damaged: \(damage)")
      }
    }
    return words
  }

  /// The record of a volume that is ready, before and after a look at the backend, which has none: so it
  /// is not one that is being made or deleted. A record that cannot be read is reported elsewhere.
  private func lost(_ id: ObjectID) async throws(DriverError) -> VolumeRecord? {
    func ready() async -> VolumeRecord? {
      guard let record = try? await volumes.record(of: id)?.record, record.phase == .ready else {
        return nil
      }
      return record
    }
    guard await ready() != nil, try await found(id) == nil, !work.isBusy(VolumeID(id)) else {
      return nil
    }
    return await ready()
  }

  /// Nil when the backend has no such volume, or only half of one.
  private func found(
    _ id: ObjectID
  ) async throws(DriverError) -> Result<BackendVolume, BackendError>? {
    try await translating { () async throws(BackendError) in
      try await backend.volumes([id], deadline: .now + .seconds(120))[id]
    }
  }
}

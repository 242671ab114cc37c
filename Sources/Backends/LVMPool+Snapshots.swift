internal import Linux

extension LVMPool {
  func createSnapshot(
    _ id: ObjectID, of volume: ObjectID, deadline: ContinuousClock.Instant,
    progress: @escaping Progress
  ) async throws(BackendError) -> BackendSnapshot {
    guard isThin else {
      throw BackendError(
        .unsupported, "make \(id): linear volumes have no snapshots; keep them in a thin pool")
    }
    guard id.kind == .snapshot, volume.kind == .volume else {
      throw BackendError(.invalid, "make \(id) of \(volume): want a snapshot of a volume")
    }
    try await requireNobodyAtWork(on: id, deadline: deadline)
    let survey = try await survey(forChanges: true, deadline: deadline)
    if let found = try find(id, in: survey) {
      let snapshot = try snapshot(found)
      guard snapshot.source == volume else {
        throw BackendError(
          .alreadyExists, "\(id) is there, of \(snapshot.source); asked for was one of \(volume)")
      }
      return snapshot
    }
    guard let source = try find(volume, in: survey), !source.tags.isHalf else {
      throw BackendError(.notFound, "make \(id): there is no \(volume)")
    }
    let kept = source.lv.mapped
    try reserve(id, kept, total: kept, in: survey)
    defer { release(id) }
    var tags = LVMTags(owner: owner)
    tags.source = volume
    tags.takenAt = WallClock.nanoseconds
    // One step: LVM suspends the source for it, and the tags come with the snapshot.
    try await run(
      "lvcreate",
      [
        "--yes", "--snapshot", "--name", id.description, "--permission", "r", "--activate", "n",
      ] + Self.options(tags) + [path(volume)], deadline: deadline)
    let after = try await self.survey(forChanges: false, deadline: deadline)
    guard let made = try find(id, in: after) else {
      throw BackendError(.failed, "\(path(id)) was made and is not there")
    }
    return try snapshot(made)
  }

  func deleteSnapshot(
    _ id: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    try await delete(id, deadline: deadline)
  }

  func snapshot(
    _ id: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> BackendSnapshot? {
    guard let found = try find(id, in: try await survey(forChanges: false, deadline: deadline))
    else { return nil }
    return try snapshot(found)
  }

  private func snapshot(_ owned: Owned) throws(BackendError) -> BackendSnapshot {
    guard let source = owned.tags.source, let takenAt = owned.tags.takenAt else {
      throw BackendError(.broken, "\(path(owned.id)): its tags say no source or no time")
    }
    return BackendSnapshot(
      id: owned.id, source: source, size: owned.lv.size, takenAt: takenAt, isReady: true)
  }
}

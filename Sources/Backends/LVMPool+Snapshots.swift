internal import Glibc
internal import Synchronization

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
    tags.takenAt = Self.now
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

  func snapshots(deadline: ContinuousClock.Instant) async throws(BackendError) -> [BackendSnapshot]
  {
    let survey = try await survey(forChanges: false, deadline: deadline)
    return try ours(.snapshot, in: survey).map { (owned) throws(BackendError) in
      try snapshot(owned)
    }
  }

  func leftovers(deadline: ContinuousClock.Instant) async throws(BackendError) -> [Leftover] {
    let survey = try await survey(forChanges: false, deadline: deadline)
    let promises = state.withLock { $0.promises }
    var leftovers: [Leftover] = []
    for lv in survey.volumes {
      guard let id = ObjectID(lv.name), !promises.isOpen(id), lv.tags.contains(LVMTags.half),
        lv.tags.contains(LVMTags.text(of: owner))
      else { continue }
      leftovers.append(Leftover(id: id, what: "logical volume that was being made"))
    }
    return leftovers.sorted { $0.id < $1.id }
  }

  func remove(
    _ leftover: Leftover, deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    try await requireNobodyAtWork(on: leftover.id, deadline: deadline)
    guard try await leftovers(deadline: deadline).contains(leftover) else { return }
    try await run("lvremove", ["--yes", path(leftover.id)], deadline: deadline)
  }

  private func snapshot(_ owned: Owned) throws(BackendError) -> BackendSnapshot {
    guard let source = owned.tags.source, let takenAt = owned.tags.takenAt else {
      throw BackendError(.broken, "\(path(owned.id)): its tags say no source or no time")
    }
    return BackendSnapshot(
      id: owned.id, source: source, size: owned.lv.size, takenAt: takenAt, isReady: true)
  }

  private static var now: Int64 {
    var time = timespec()
    // Fails only for a clock that is not there.
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

internal import Synchronization

extension LVMPool {
  func leftovers(deadline: ContinuousClock.Instant) async throws(BackendError) -> [Leftover] {
    let survey = try await survey(forChanges: false, deadline: deadline)
    let promises = state.withLock { $0.promises }
    var leftovers: [Leftover] = []
    for lv in survey.volumes {
      // One whose tags cannot be understood is damaged, whatever they say of a half.
      guard let id = ObjectID(lv.name), !promises.isOpen(id), let owned = try? owned(id, lv),
        owned.tags.isHalf
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
}

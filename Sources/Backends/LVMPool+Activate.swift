extension LVMPool {
  /// One look at the group; then each that is not active by itself.
  func activate(
    _ ids: [ObjectID], deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> [ObjectID: Result<PoolObject?, BackendError>] {
    let survey = try await survey(forChanges: false, deadline: deadline)
    var objects: [ObjectID: Result<PoolObject?, BackendError>] = [:]
    for id in Set(ids).sorted() {
      do throws(BackendError) {
        guard let found = try find(id, in: survey), !found.tags.isHalf else {
          objects[id] = .success(nil)
          continue
        }
        if !found.lv.isActive {
          try await run("lvchange", ["--activate", "y", path(id)], deadline: deadline)
        }
        objects[id] = .success(object(found))
      } catch {
        objects[id] = .failure(error)
      }
    }
    return objects
  }
}

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
        if found.lv.isSuspended { try await resume(id.description, deadline) }
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

  /// A program that was killed between suspending a device and resuming it, as one that takes a snapshot
  /// does, leaves every command to it waiting.
  func resume(_ name: String, _ deadline: ContinuousClock.Instant) async throws(BackendError) {
    let path = "\(configuration.volumeGroup)/\(name)"
    report(
      "logical volume \(path) was left suspended by a program of LVM that was cut short: all I/O to it "
        + "waited; it is resumed")
    try await run("lvchange", ["--refresh", path], deadline: deadline)
  }
}

internal import Linux

extension FilePool {
  /// Begin, promise, fill, complete: nothing is left of it after a failure.
  func make(
    _ record: ImageRecord, deadline: ContinuousClock.Instant, progress: @escaping Progress
  ) async throws(BackendError) -> ImageRecord {
    let (storage, id, action) = (self.storage, record.id, "make \(record.id)")
    storage.claim(id)
    defer { storage.release(id) }
    do {
      let beginning = try await step(action, of: id, deadline) { (_) throws(BackendError) in
        try storage.begin(record)
      }
      let making: FileStorage.Making
      switch beginning {
      case .isThere(let found): return found
      case .begun(let begun): making = begun
      }
      try await perform("find room for \(id)", on: Self.room, deadline) {
        (storage) throws(BackendError) in
        try storage.promise(
          id, total: making.need, more: making.need, written: making.written, in: making.place)
      }
      let half = try await step(action, of: id, deadline) { (_) throws(BackendError) in
        try storage.makeHalf(making)
      }
      let filled: ImageRecord
      if making.copies {
        filled = try await copies.copy(action, on: id.description, deadline: deadline) {
          (isGivenUp) throws(BackendError) in
          storage.claim(id)
          defer { storage.release(id) }
          return try storage.fill(half, making, progress: progress, isGivenUp: isGivenUp)
        }
      } else {
        filled = try await step(action, of: id, deadline) { (isGivenUp) throws(BackendError) in
          try storage.fill(half, making, progress: progress, isGivenUp: isGivenUp)
        }
      }
      return try await step(action, of: id, deadline) { (_) throws(BackendError) in
        try storage.complete(filled)
      }
    } catch {
      // Whatever the time. While a step hangs it is refused, and the step sees to it.
      try? await perform("clear up after \(id)", on: id.description, .now + .seconds(5)) {
        (storage) throws(BackendError) in try storage.abandon(id)
      }
      throw error
    }
  }

  /// A step of making an object. One that comes back when nobody waits for it any more clears up after
  /// itself: until then nobody else gets at the object. It stays claimed as long.
  private func step<Success: Sendable>(
    _ action: String, of id: ObjectID, _ deadline: ContinuousClock.Instant,
    _ body:
      @escaping @Sendable (_ isGivenUp: () -> Bool) throws(BackendError) -> Success
  ) async throws(BackendError) -> Success {
    let storage = self.storage
    let deadline = min(deadline, .now + Self.stepLimit)
    return try await threads.run(action, on: id.description, deadline: deadline) {
      (isGivenUp) throws(BackendError) in
      storage.claim(id)
      defer { storage.release(id) }
      let result = Result { () throws(BackendError) in try body(isGivenUp) }
      if isGivenUp() { try? storage.abandon(id) }
      return try result.get()
    }
  }

  /// Hides it, then gives its room back, which takes long for many extents.
  func delete(
    _ id: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    let action = "delete \(id)"
    let isLeft = try await perform(action, on: id.description, deadline) {
      (storage) throws(BackendError) in try storage.hide(id)
    }
    guard isLeft else { return }
    try await perform(action, on: id.description, deadline) { (storage) throws(BackendError) in
      try storage.erase(id)
    }
  }

  func expandVolume(
    _ id: ObjectID, toSize size: Int64, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> PoolObject {
    guard self.size(holding: size) == size else {
      throw BackendError(.invalid, "expand \(id) to \(size) bytes: want a multiple of 4096")
    }
    let action = "expand \(id)"
    storage.claim(id)
    defer { storage.release(id) }
    let growth = try await perform(action, on: id.description, deadline) {
      (storage) throws(BackendError) in try storage.growth(of: id, to: size)
    }
    if growth.more > 0 {
      try await perform("find room for \(id)", on: Self.room, deadline) {
        (storage) throws(BackendError) in
        try storage.promise(
          id, total: size, more: growth.more, written: growth.written, in: growth.place)
      }
    }
    return try object(
      try await perform(action, on: id.description, deadline) { (storage) throws(BackendError) in
        // As long as it may still grow, also when nobody waits for it any more.
        storage.claim(id)
        defer { storage.release(id) }
        return try storage.grow(growth)
      })
  }
}

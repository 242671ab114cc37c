extension FilePool {
  /// Files need nothing: they are read.
  func activate(
    _ ids: [ObjectID], deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> [ObjectID: Result<PoolObject?, BackendError>] {
    let images = try await perform("read the volumes", deadline) {
      (storage) throws(BackendError) in
      let place = try storage.place(writable: false)
      return Dictionary(
        uniqueKeysWithValues: Set(ids).map { id in
          (id, Result { () throws(BackendError) in try storage.image(id, in: place) })
        })
    }
    return images.mapValues { image in
      Result { () throws(BackendError) in
        guard case .complete(let record) = try image.get() else { return nil }
        return try object(record)
      }
    }
  }
}

extension FilePool {
  func createVolume(
    _ specification: VolumeSpecification, deadline: ContinuousClock.Instant,
    progress: @escaping Progress
  ) async throws(BackendError) -> PoolObject {
    let allocation = try allocation(specification.parameters)
    guard specification.id.kind == .volume, specification.size > 0,
      size(holding: specification.size) == specification.size
    else {
      throw BackendError(
        .invalid,
        "make \(specification.id) with \(specification.size) bytes: want a multiple of 4096")
    }
    let wanted = ImageRecord(
      id: specification.id, size: specification.size,
      origin: .volume(specification.content, allocation: allocation))
    let found = try await make(wanted, deadline: deadline, progress: progress)
    guard found.size == wanted.size, found.origin == wanted.origin else {
      throw BackendError(
        .alreadyExists,
        "\(found.id) is there with \(found.size) bytes, \(found.parameters), made from "
          + "\(found.copiedFrom?.description ?? "nothing"); asked for were \(wanted.size) bytes, "
          + "\(wanted.parameters), from \(wanted.copiedFrom?.description ?? "nothing")")
    }
    return try object(found)
  }

  func deleteVolume(
    _ id: ObjectID, deadline: ContinuousClock.Instant, progress: @escaping Progress
  ) async throws(BackendError) {
    try await delete(id, deadline: deadline)
  }

  func volumes(
    _ ids: [ObjectID], deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> [ObjectID: Result<PoolObject?, BackendError>] {
    // One alone waits for what is done to it, and for nothing else.
    let subject = ids.count == 1 ? "\(ids[0])" : "volumes"
    let images = try await perform("read volumes", on: subject, deadline) {
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

  /// Files need nothing: they are read.
  func activate(
    _ ids: [ObjectID], deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> [ObjectID: Result<PoolObject?, BackendError>] {
    try await volumes(ids, deadline: deadline)
  }

  func volumeIDs(deadline: ContinuousClock.Instant) async throws(BackendError) -> [ObjectID] {
    try await perform("list volumes", on: "list", deadline) { (storage) throws(BackendError) in
      let listing = try storage.listing(.volume, in: try storage.place(writable: false))
      // The rest is on its way out, or has not come so far.
      return listing.filter { !$0.parts.isDisjoint(with: [.image, .record]) }.map(\.id)
    }
  }

  func createSnapshot(
    _ id: ObjectID, of volume: ObjectID, deadline: ContinuousClock.Instant,
    progress: @escaping Progress
  ) async throws(BackendError) -> BackendSnapshot {
    guard id.kind == .snapshot, volume.kind == .volume else {
      throw BackendError(.invalid, "make \(id) of \(volume): want a snapshot of a volume")
    }
    // Size and time are known when the source is open.
    let wanted = ImageRecord(id: id, size: 0, origin: .snapshot(of: volume, takenAt: 0))
    let snapshot = try snapshot(
      try await make(wanted, deadline: deadline, progress: progress))
    guard snapshot.source == volume else {
      throw BackendError(
        .alreadyExists, "\(id) is there, of \(snapshot.source); asked for was one of \(volume)")
    }
    return snapshot
  }

  func deleteSnapshot(
    _ id: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    try await delete(id, deadline: deadline)
  }

  func snapshot(
    _ id: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> BackendSnapshot? {
    let image = try await perform("read \(id)", on: id.description, deadline) {
      (storage) throws(BackendError) in
      try storage.image(id, in: try storage.place(writable: false))
    }
    guard case .complete(let record) = image else { return nil }
    return try snapshot(record)
  }

  func leftovers(deadline: ContinuousClock.Instant) async throws(BackendError) -> [Leftover] {
    try await perform("look for leftovers", on: "leftovers", deadline) {
      (storage) throws(BackendError) in
      try storage.leftovers()
    }
  }

  func remove(
    _ leftover: Leftover, deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    try await perform(
      "remove what is left of \(leftover.id)", on: leftover.id.description, deadline
    ) { (storage) throws(BackendError) in try storage.remove(leftover) }
  }

  func object(_ record: ImageRecord) throws(BackendError) -> PoolObject {
    guard case .volume(let content, _) = record.origin else { throw misplaced(record) }
    return PoolObject(
      id: record.id,
      path: "\(storage.configuration.directory)/volumes/\(ImageFile(record.id, .image).name)",
      size: record.size, content: content, parameters: record.parameters)
  }

  private func snapshot(_ record: ImageRecord) throws(BackendError) -> BackendSnapshot {
    guard case .snapshot(let source, let takenAt) = record.origin else { throw misplaced(record) }
    return BackendSnapshot(
      id: record.id, source: source, size: record.size, takenAt: takenAt, isReady: true)
  }

  /// A record's origin follows from the kind of its id, so this is one of another kind than asked for.
  private func misplaced(_ record: ImageRecord) -> BackendError {
    BackendError(.invalid, "\(record.id) is of another kind than what was asked for")
  }
}

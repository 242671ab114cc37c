internal import Linux
internal import Synchronization

/// A pool of image files in a directory of a file system.
///
/// On a file system with reflinks (xfs, btrfs) snapshots and clones share blocks: they take an instant,
/// and are of one, whoever is writing. On others they are copies, and the source must be quiet. Which it
/// is is tried out, not looked up.
///
/// The directory is held open and locked: a file system that is unmounted lazily or mounted over is
/// noticed at the next call.
final class FilePool: Pool {
  private static let block: Int64 = 4096

  let storage: FileStorage
  let threads: PoolThreads

  /// Does not look at the directory yet, which may come later. Fails with `invalid` for a configuration
  /// that cannot work.
  convenience init(
    _ configuration: FilePoolConfiguration, owner: PoolOwner
  ) throws(BackendError) {
    try self.init(configuration, owner: owner, passed: { _ in })
  }

  /// `passed` is called after each step that changes something: a seam for tests.
  init(
    _ configuration: FilePoolConfiguration, owner: PoolOwner,
    passed: @escaping @Sendable (FileStorage.Step) throws(BackendError) -> Void
  ) throws(BackendError) {
    guard configuration.directory.hasPrefix("/"), configuration.directory != "/" else {
      throw BackendError(
        .invalid, "pool '\(configuration.directory)': want the absolute path of a directory")
    }
    guard configuration.overcommit >= 1, configuration.overcommit.isFinite else {
      throw BackendError(
        .invalid,
        "pool \(configuration.directory): overcommit is \(configuration.overcommit); want 1 or more"
      )
    }
    storage = FileStorage(configuration, owner: owner, passed: passed)
    threads = try PoolThreads(name: "file-pool")
  }

  var capabilities: Set<BackendCapability> { [.snapshots, .clones, .expansion, .capacity] }

  var needsQuietSource: Bool { storage.state.withLock { $0.canClone } != true }

  /// A multiple of 4096, the largest block of a namespace.
  func size(holding bytes: Int64) -> Int64? {
    let (sum, overflow) = max(bytes, 1).addingReportingOverflow(Self.block - 1)
    return overflow ? nil : sum / Self.block * Self.block
  }

  func check(parameters: [String: String]) throws(BackendError) {
    _ = try allocation(parameters)
  }

  func checkHealth(
    isKnown: Bool, deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    if isKnown { storage.state.withLock { $0.wasOpened = true } }
    _ = try await perform("check the pool", deadline) { (storage) throws(BackendError) in
      try storage.place(writable: true)
    }
  }

  func capacity(deadline: ContinuousClock.Instant) async throws(BackendError) -> BackendCapacity {
    try await perform("measure the pool", deadline) { (storage) throws(BackendError) in
      let room = try storage.room(in: try storage.place(writable: true))
      let available = room.available(storage.configuration)
      return BackendCapacity(available: available, largestVolume: available)
    }
  }

  /// `allocation`: `thin` (the default) or `full`.
  func allocation(
    _ parameters: [String: String]
  ) throws(BackendError) -> ImageRecord.Allocation {
    let unknown = parameters.keys.filter { $0 != "allocation" }.sorted()
    guard unknown.isEmpty else {
      throw BackendError(
        .invalid,
        "a pool of files knows no parameter '\(unknown.joined(separator: "', '"))'; it knows "
          + "'allocation'")
    }
    guard let text = parameters["allocation"] else { return .thin }
    guard let allocation = ImageRecord.Allocation(rawValue: text) else {
      throw BackendError(.invalid, "allocation is '\(text)'; want 'thin' or 'full'")
    }
    return allocation
  }

  func perform<Success: Sendable>(
    _ action: String, _ deadline: ContinuousClock.Instant,
    _ body: @escaping @Sendable (FileStorage) throws(BackendError) -> Success
  ) async throws(BackendError) -> Success {
    let storage = self.storage
    return try await threads.perform(action, deadline: deadline) { () throws(BackendError) in
      try body(storage)
    }
  }

  /// Begin, fill, complete: nothing is left of it after a failure.
  func make(
    _ record: ImageRecord, deadline: ContinuousClock.Instant, progress: @escaping Progress
  ) async throws(BackendError) -> ImageRecord {
    let (storage, action) = (self.storage, "make \(record.id)")
    do {
      let beginning = try await perform(action, deadline) { (storage) throws(BackendError) in
        try storage.begin(record)
      }
      guard case .begun(let making) = beginning else {
        if case .isThere(let found) = beginning { return found }
        return record
      }
      let fill = { @Sendable () throws(BackendError) in
        try storage.fill(making, deadline: deadline, progress: progress)
      }
      let filled =
        making.copies
        ? try await threads.copy(action, deadline: deadline, fill)
        : try await threads.room(action, deadline: deadline, fill)
      return try await perform(action, deadline) { (storage) throws(BackendError) in
        try storage.complete(filled)
      }
    } catch {
      // Also when time was over: what was asked for may have been done after that.
      await threads.cleanUp { () throws(BackendError) in try storage.abandon(record.id) }
      throw error
    }
  }

  /// Hides it, then gives its room back, which takes long for many extents.
  func delete(
    _ id: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    let (storage, action) = (self.storage, "delete \(id)")
    let isLeft = try await perform(action, deadline) { (storage) throws(BackendError) in
      try storage.hide(id)
    }
    guard isLeft else { return }
    try await threads.room(action, deadline: deadline) { () throws(BackendError) in
      try storage.erase(id)
    }
  }
}

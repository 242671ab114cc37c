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
  /// The subject of all that reckons with the room that is left.
  static let room = "room"

  let storage: FileStorage
  let threads: DeadlineThreads
  /// Bytes are moved on threads of their own, so that nothing but another copy waits for one.
  let copies: DeadlineThreads

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
    threads = try .start("file-pool", limit: 16)
    copies = try .start("file-pool-copy", limit: 2)
  }

  var stuck: [StuckThread] { threads.stuck + copies.stuck }

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
    _ = try await perform("check the pool", on: "pool", deadline) {
      (storage) throws(BackendError) in
      try storage.place(writable: true)
    }
  }

  func capacity(deadline: ContinuousClock.Instant) async throws(BackendError) -> BackendCapacity {
    try await perform("measure the pool", on: Self.room, deadline) {
      (storage) throws(BackendError) in
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

  /// What one step may take, also as part of work that copies for hours: one that has not ended by then
  /// hangs, and whoever waits is told.
  static let stepLimit: Duration = .seconds(600)

  /// Runs what reads, or changes in one step.
  func perform<Success: Sendable>(
    _ action: String, on subject: String, _ deadline: ContinuousClock.Instant,
    _ body: @escaping @Sendable (FileStorage) throws(BackendError) -> Success
  ) async throws(BackendError) -> Success {
    let storage = self.storage
    let deadline = min(deadline, .now + Self.stepLimit)
    return try await threads.run(action, on: subject, deadline: deadline) {
      (_) throws(BackendError) in try body(storage)
    }
  }
}

internal import Linux

/// Where the bytes of volumes and snapshots are.
///
/// As with `Backend`, every call can be repeated, what cannot be read is an error and never an empty
/// answer, and calls about one object are made one after another.
protocol Pool: Sendable {
  /// Some of `snapshots`, `clones`, `expansion` and `capacity`.
  var capabilities: Set<BackendCapability> { get }

  /// Whether a snapshot or a clone is a copy that takes its time. Then the caller makes sure that no
  /// host may write to the source for as long as the call takes. True as long as it is not known.
  var needsQuietSource: Bool { get }

  /// Calls into the kernel that were given up and are not back.
  var stuck: [StuckThread] { get }

  /// The smallest size it can make that holds `bytes`; nil when none can.
  func size(holding bytes: Int64) -> Int64?

  /// Refuses parameters that it does not know with `invalid`, naming the key.
  func check(parameters: [String: String]) throws(BackendError)

  /// Fails unless the place is there, writable and carries our ownership mark. An empty place that was
  /// never used gets the mark, unless the pool `isKnown` to have volumes: then what is empty is not the
  /// pool, but the place where it is not mounted. One that is somebody else's is `notOurs`.
  func checkHealth(
    isKnown: Bool, deadline: ContinuousClock.Instant
  ) async throws(BackendError)

  /// Makes these volumes' storage be where the target looks for it: after a reboot somebody has to.
  /// Nil and failures are as those of `volumes`.
  func activate(
    _ ids: [ObjectID], deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> [ObjectID: Result<PoolObject?, BackendError>]

  /// Makes a volume's storage: complete and durable on return, nothing left after a failure. What an
  /// earlier life left half made is begun anew. One that is there already is returned if all that was
  /// asked for is the same, else `alreadyExists`. Health, room and reserve are checked before.
  func createVolume(
    _ specification: VolumeSpecification, deadline: ContinuousClock.Instant,
    progress: @escaping Progress
  ) async throws(BackendError) -> PoolObject

  /// Removes a volume's storage; success when there is none. `inUse` when something depends on it that
  /// the pool cannot detach.
  func deleteVolume(
    _ id: ObjectID, deadline: ContinuousClock.Instant, progress: @escaping Progress
  ) async throws(BackendError)

  /// Makes a volume's storage larger; a size it has already is success, less is `invalid`.
  func expandVolume(
    _ id: ObjectID, toSize size: Int64, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> PoolObject

  /// Keeps what a volume holds at one instant; see `needsQuietSource`.
  func createSnapshot(
    _ id: ObjectID, of volume: ObjectID, deadline: ContinuousClock.Instant,
    progress: @escaping Progress
  ) async throws(BackendError) -> BackendSnapshot

  /// Removes a snapshot; success when there is none.
  func deleteSnapshot(
    _ id: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError)

  /// The storage of each of these volumes as it is now; nil when there is none or only half of it. What is
  /// wrong with one is its own failure, which names it; fails as a whole only when the pool cannot be
  /// asked.
  func volumes(
    _ ids: [ObjectID], deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> [ObjectID: Result<PoolObject?, BackendError>]

  /// The ids of all volumes with our mark, damaged ones too, sorted: complete, or an error. They are not
  /// looked at, so that one that is half made or half removed may be among them.
  func volumeIDs(deadline: ContinuousClock.Instant) async throws(BackendError) -> [ObjectID]

  /// A snapshot as it is now; nil when there is none or only half of one.
  func snapshot(
    _ id: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> BackendSnapshot?

  /// How much there is to give.
  func capacity(deadline: ContinuousClock.Instant) async throws(BackendError) -> BackendCapacity

  /// What calls that were cut short left: with our mark and naming, and owned by nothing that is
  /// complete or damaged. Nothing is changed.
  func leftovers(deadline: ContinuousClock.Instant) async throws(BackendError) -> [Leftover]

  /// Removes a leftover, if it still is one.
  func remove(_ leftover: Leftover, deadline: ContinuousClock.Instant) async throws(BackendError)
}

extension Pool {
  /// A volume's storage as it is now; nil when there is none or only half of it.
  func volume(
    _ id: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> PoolObject? {
    try await volumes([id], deadline: deadline)[id]?.get() ?? nil
  }
}

/// A volume's storage: what the target exports.
struct PoolObject: Hashable, Sendable {
  /// The volume.
  var id: ObjectID
  /// The file or block device that the target gets.
  var path: String
  /// In bytes, exactly what `path` has.
  var size: Int64
  /// What it held at first.
  var content: VolumeSpecification.Content
  /// What it was made with, defaults filled in: a retry is compared with them.
  var parameters: [String: String]
}

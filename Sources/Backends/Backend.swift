public import NVMe

/// Storage that makes volumes and lets hosts reach them over NVMe-oF.
///
/// Every call can be repeated: what is done already is success, what was left half done is finished.
/// What cannot be read is an error and never an empty answer. Sizes are exact bytes.
///
/// Calls about one object are made one after another; calls about different objects may overlap.
public protocol Backend: Sendable {
  /// What it can do. Only that may be called; the rest fails with `unsupported`.
  var capabilities: Set<BackendCapability> { get }

  /// How hosts can be made to reach a new volume; empty when it makes none.
  var transports: Set<Transport> { get }

  /// Calls into the kernel that were given up and are not back, the oldest of each kind first.
  var stuck: [StuckCall] { get }

  /// Makes exports that were there before a restart of the target be there again; called until it
  /// succeeds, before any other call. What is damaged is told and left alone.
  ///
  /// Fails only when the storage as a whole is not there. Returns the volumes that are not back yet, and
  /// why: each is to be tried again by the other `restore`.
  func restore(
    deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> [ObjectID: BackendError]

  /// Makes one volume's export be there again; success when there is no such volume any more.
  func restore(_ volume: ObjectID, deadline: ContinuousClock.Instant) async throws(BackendError)

  /// The smallest size it can make that holds `bytes`; nil when none can.
  func size(holding bytes: Int64) -> Int64?

  /// Refuses parameters (of a StorageClass, without those that connect) that it does not know with
  /// `invalid`, naming the key.
  func check(parameters: [String: String]) throws(BackendError)

  /// Makes a volume and exports it to nobody. A volume that is there already is returned if size and
  /// content are the same, else `alreadyExists`.
  ///
  /// Fails with `exhausted` when there is no room, `notFound` when the content's source is not there;
  /// then nothing is left of it. `progress` is told bytes done and bytes in all by long copies.
  func createVolume(
    _ specification: VolumeSpecification, deadline: ContinuousClock.Instant,
    progress: @escaping Progress
  ) async throws(BackendError) -> BackendVolume

  /// Removes a volume, its export first; success when there is none. `inUse` while a host is allowed or
  /// something depends on it.
  func deleteVolume(
    _ id: ObjectID, deadline: ContinuousClock.Instant, progress: @escaping Progress
  ) async throws(BackendError)

  /// Makes a volume larger and tells connected hosts; a size it has already is success, less is
  /// `invalid`.
  func expandVolume(
    _ id: ObjectID, toSize size: Int64, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> BackendVolume

  /// A volume as it is now; nil when there is none.
  func volume(
    _ id: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> BackendVolume?

  /// Those of these volumes that there are, as they are now. It costs what they cost, not what all
  /// would. One that is damaged is told with its fault, or is a failure where nothing else is known of
  /// it; the others are told all the same.
  func volumes(
    _ ids: [ObjectID], deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> [ObjectID: Result<BackendVolume, BackendError>]

  /// The ids of all volumes with our mark, damaged ones too, sorted: complete, or an error. No volume is
  /// looked at for it, so that one that is half made or half removed may be among them.
  func volumeIDs(deadline: ContinuousClock.Instant) async throws(BackendError) -> [ObjectID]

  /// How much there is to give.
  func capacity(deadline: ContinuousClock.Instant) async throws(BackendError) -> BackendCapacity

  /// Keeps what a volume holds at one instant. A snapshot that is there already is returned if its
  /// source is the same, else `alreadyExists`.
  func createSnapshot(
    _ id: ObjectID, of volume: ObjectID, deadline: ContinuousClock.Instant,
    progress: @escaping Progress
  ) async throws(BackendError) -> BackendSnapshot

  /// Removes a snapshot; success when there is none. `inUse` while something depends on it.
  func deleteSnapshot(
    _ id: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError)

  /// A snapshot as it is now; nil when there is none.
  func snapshot(
    _ id: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> BackendSnapshot?

  /// Lets a host connect to a volume.
  func allow(
    _ host: NQN, volume: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError)

  /// Forgets a host, cuts the connections it has, and returns when it is proven to have none. That
  /// depends on nothing but the target: the storage may be gone, and so may the volume.
  func revoke(
    _ host: NQN, volume: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError)

  /// The hosts that may still write to a volume: those that are let in, and those that were forgotten
  /// and are not proven to be cut. Asks the target and not the storage; empty for none.
  func hosts(
    of volume: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> Set<NQN>

  /// Exports a volume again that `isUnrecorded`, as its maker remembers it: to the export's hosts, which
  /// keep their connections, and to no others. One that is recorded is returned as it is.
  ///
  /// Fails with `notFound` when the storage is not there, `invalid` when it never was exported so.
  func adopt(
    _ volume: ObjectID, as export: Export, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> BackendVolume

  /// Objects with our mark that no volume or snapshot owns, be it complete or damaged: halves of creates
  /// and deletes that were cut short. Nothing is changed.
  func leftovers(deadline: ContinuousClock.Instant) async throws(BackendError) -> [Leftover]

  /// Removes a leftover, if it still is one.
  func remove(_ leftover: Leftover, deadline: ContinuousClock.Instant) async throws(BackendError)
}

/// Is told how far long work is: bytes done, and bytes in all.
public typealias Progress = @Sendable (_ done: Int64, _ total: Int64) -> Void

/// Something that a backend can do, and the CSI capability that rests on it.
public enum BackendCapability: Hashable, Sendable, CaseIterable {
  /// Makes and removes volumes: CREATE_DELETE_VOLUME.
  case volumes
  /// LIST_VOLUMES, GET_VOLUME
  case listing
  /// GET_CAPACITY
  case capacity
  /// CREATE_DELETE_SNAPSHOT, LIST_SNAPSHOTS
  case snapshots
  /// CLONE_VOLUME
  case clones
  /// EXPAND_VOLUME
  case expansion
  /// Keeps hosts that are not allowed out.
  case hostAccess
}

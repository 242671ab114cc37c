public import NVMe
public import StateStore

/// Volumes that somebody else made and exports.
///
/// Nothing is made, removed or kept out: whom a volume is published to is a record and no more. With a
/// file that lists the volumes they can be listed; without one they are known by the parameters that a
/// PersistentVolume carries.
public struct StaticBackend: Backend {
  private let file: String?
  private let grants: StaticGrants

  /// `file` is read at every call, so that a change needs no restart; see `StaticVolumes` for its form.
  /// Grants are kept in `store` under `static/<volume id>`.
  public init(file: String?, store: any StateStore) {
    self.file = file
    grants = StaticGrants(store)
  }

  /// Listing, when there is a list.
  public var capabilities: Set<BackendCapability> { file == nil ? [] : [.listing] }

  /// None: it makes no volumes.
  public var transports: Set<Transport> { [] }

  /// Nothing: who exports the volumes restores them.
  public func restore(
    deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> [ObjectID: BackendError] { [:] }

  /// Nothing.
  public func restore(
    _ volume: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) {}

  /// None can be made.
  public func size(holding bytes: Int64) -> Int64? { nil }

  /// No parameter is known.
  public func check(parameters: [String: String]) throws(BackendError) {
    guard let key = parameters.keys.min() else { return }
    throw BackendError(.invalid, "parameter '\(key)' is unknown: this backend makes no volumes")
  }

  /// Unsupported.
  public func createVolume(
    _ specification: VolumeSpecification, deadline: ContinuousClock.Instant,
    progress: @escaping Progress
  ) async throws(BackendError) -> BackendVolume { throw unsupported("make a volume") }

  /// Unsupported.
  public func deleteVolume(
    _ id: ObjectID, deadline: ContinuousClock.Instant, progress: @escaping Progress
  ) async throws(BackendError) { throw unsupported("delete a volume") }

  /// Unsupported.
  public func expandVolume(
    _ id: ObjectID, toSize size: Int64, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> BackendVolume { throw unsupported("expand a volume") }

  /// As the file has it, with whom it was published to.
  public func volume(
    _ id: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> BackendVolume? {
    try await volumes([id], deadline: deadline)[id]
  }

  /// The file is read as a whole; `broken` if any of it is not understood.
  public func volumes(
    _ ids: [ObjectID], deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> [ObjectID: BackendVolume] {
    let wanted = Set(ids)
    var volumes: [ObjectID: BackendVolume] = [:]
    for var volume in try listed() where wanted.contains(volume.id) {
      volume.export.allowedHosts = try await grants.hosts(of: volume.id)
      volumes[volume.id] = volume
    }
    return volumes
  }

  /// All of the file; `broken` if any of it is not understood.
  public func volumeIDs(
    deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> [ObjectID] {
    try listed().map(\.id)
  }

  private func listed() throws(BackendError) -> [BackendVolume] {
    guard let file else { throw unsupported("list volumes") }
    return try StaticVolumes.read(file)
  }

  /// Unsupported.
  public func capacity(
    deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> BackendCapacity { throw unsupported("tell a capacity") }

  /// Unsupported.
  public func createSnapshot(
    _ id: ObjectID, of volume: ObjectID, deadline: ContinuousClock.Instant,
    progress: @escaping Progress
  ) async throws(BackendError) -> BackendSnapshot { throw unsupported("make a snapshot") }

  /// Unsupported.
  public func deleteSnapshot(
    _ id: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) { throw unsupported("delete a snapshot") }

  /// Unsupported.
  public func snapshot(
    _ id: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> BackendSnapshot? { throw unsupported("read a snapshot") }

  /// Unsupported.
  public func snapshots(
    deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> [BackendSnapshot] { throw unsupported("list snapshots") }

  /// Recorded; nobody is kept out or let in by it. A volume that the file does not list is one of a
  /// PersistentVolume's own.
  public func allow(
    _ host: NQN, volume: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    try await grants.change(volume) { $0.insert(host) }
  }

  /// Forgotten; nothing is cut.
  public func revoke(
    _ host: NQN, volume: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    try await grants.change(volume) { $0.remove(host) }
  }

  /// As they were recorded.
  public func hosts(
    of volume: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> Set<NQN> { try await grants.hosts(of: volume) }

  /// Unsupported.
  public func adopt(
    _ volume: ObjectID, as export: Export, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> BackendVolume { throw unsupported("export a volume") }

  /// None.
  public func leftovers(
    deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> [Leftover] { [] }

  /// Unsupported.
  public func remove(
    _ leftover: Leftover, deadline: ContinuousClock.Instant
  ) async throws(BackendError) { throw unsupported("remove anything") }

  private func unsupported(_ what: String) -> BackendError {
    BackendError(.unsupported, "the static backend cannot \(what): its volumes are somebody else's")
  }
}

public import NVMe

/// Volumes that somebody else made and exports.
///
/// Nothing is made, removed or kept out: whom a volume is published to is a record of the controller's and
/// no more. With a file that lists the volumes they can be listed; without one they are known by the
/// parameters that a PersistentVolume carries.
public struct StaticBackend: Backend {
  private let file: String?

  /// `file` is read at every call, so that a change needs no restart; see `StaticVolumes` for its form.
  public init(file: String?) { self.file = file }

  /// Listing, when there is a list.
  public var capabilities: Set<BackendCapability> { file == nil ? [] : [.listing] }

  /// None: it makes no volumes.
  public var transports: Set<Transport> { [] }

  /// None.
  public var stuck: [StuckCall] { [] }

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

  /// As the file has it.
  public func volume(
    _ id: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> BackendVolume? {
    try await volumes([id], deadline: deadline)[id]?.get()
  }

  /// The file is read as a whole; `broken` if any of it is not understood.
  public func volumes(
    _ ids: [ObjectID], deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> [ObjectID: Result<BackendVolume, BackendError>] {
    let wanted = Set(ids)
    return Dictionary(
      uniqueKeysWithValues: try listed().filter { wanted.contains($0.id) }
        .map { ($0.id, .success($0)) })
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

  /// Unsupported: everybody whom the volume's own target lets in may connect.
  public func allow(
    _ host: NQN, volume: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) { throw unsupported("let a host in") }

  /// Unsupported.
  public func revoke(
    _ host: NQN, volume: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) { throw unsupported("shut a host out") }

  /// Unsupported.
  public func hosts(
    of volume: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> Set<NQN> { throw unsupported("tell the hosts of a volume") }

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

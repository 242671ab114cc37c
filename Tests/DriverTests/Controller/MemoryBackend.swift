import Backends
import NVMe
import Synchronization

/// A backend in memory that keeps the contract to the letter: a second implementation, not a mock.
/// Faults and pauses are put in through `before`.
final class MemoryBackend: Backend {
  struct State {
    var volumes: [ObjectID: BackendVolume] = [:]
    /// What a volume or a snapshot holds.
    var data: [ObjectID: String] = [:]
    var snapshots: [ObjectID: BackendSnapshot] = [:]
    /// Halves of creates.
    var leftovers: Set<Leftover> = []
    /// What is promised to volumes that are being made.
    var making: [ObjectID: Int64] = [:]
    var calls: [String] = []
    /// Volumes whose exports do not come back.
    var unrestored: [ObjectID: BackendError] = [:]
    /// Volumes and snapshots that are damaged, and how: nothing is told of them, and nothing done to them.
    var damaged: [ObjectID: BackendError] = [:]
    /// What does not come back.
    var stuck: [StuckCall] = []
    /// Volumes made, also those deleted since.
    var made = 0
    /// Volumes that `volumes` was asked for, all calls together.
    var read = 0
  }

  let state = Mutex(State())
  let capabilities: Set<BackendCapability>
  let capacity: Int64
  /// Called with the name of each step before it is done: `createVolume`, `createVolume.copy`, …
  let before: @Sendable (_ step: String) async throws(BackendError) -> Void

  init(
    capabilities: Set<BackendCapability> = Set(BackendCapability.allCases),
    capacity: Int64 = 100 << 30,
    before: @escaping @Sendable (String) async throws(BackendError) -> Void = { _ in }
  ) {
    self.capabilities = capabilities
    self.capacity = capacity
    self.before = before
  }

  /// Nothing happens in a life that is over.
  private func step(_ name: String) async throws(BackendError) {
    if let life = Mortality.current, !life.spend() {
      throw BackendError(.unavailable, "the controller is dead")
    }
    state.withLock { $0.calls.append(name) }
    try await before(name)
  }

  let transports: Set<Transport> = [.tcp]

  var stuck: [StuckCall] { state.withLock { $0.stuck } }

  func restore(
    deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> [ObjectID: BackendError] {
    try await step("restore")
    return state.withLock { $0.unrestored }
  }

  func restore(
    _ volume: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    try await step("restore.volume")
    if let error = state.withLock({ $0.unrestored[volume] }) { throw error }
  }

  func size(holding bytes: Int64) -> Int64? {
    bytes > capacity ? nil : (bytes + 0xf_ffff) & ~0xf_ffff
  }

  func check(parameters: [String: String]) throws(BackendError) {
    if let key = parameters.keys.sorted().first(where: { $0 != "thick" }) {
      throw BackendError(.invalid, "parameters['\(key)'] is unknown")
    }
  }

  func createVolume(
    _ specification: VolumeSpecification, deadline: ContinuousClock.Instant,
    progress: @escaping Progress
  ) async throws(BackendError) -> BackendVolume {
    let id = specification.id
    try await step("createVolume")
    try requireWhole(id)
    if let present = state.withLock({ $0.volumes[id] }) {
      guard present.size == specification.size, present.content == specification.content else {
        throw BackendError(.alreadyExists, "\(id) is something else")
      }
      return present
    }
    guard let data = state.withLock({ content(of: specification.content, in: $0) }) else {
      throw BackendError(.notFound, "the source of \(id) is not there")
    }
    let half = Leftover(id: id, what: "file without an export")
    try state.withLock { (state) throws(BackendError) in
      let used = state.volumes.values.reduce(0) { $0 + $1.size }
      let promised = state.making.values.reduce(0, +)
      guard used + promised + specification.size <= capacity else {
        throw BackendError(.exhausted, "no room for \(id)")
      }
      state.making[id] = specification.size
      state.leftovers.insert(half)
    }
    defer { state.withLock { _ = $0.making.removeValue(forKey: id) } }
    progress(specification.size / 4, specification.size)
    try await step("createVolume.copy")
    let made = try state.withLock { (state) throws(BackendError) in
      let volume = BackendVolume(
        id: id, size: specification.size, content: specification.content,
        export: try Self.export(id), fault: nil)
      state.leftovers.remove(half)
      state.volumes[id] = volume
      state.data[id] = data
      state.made += 1
      return volume
    }
    try await step("createVolume.done")
    return made
  }

  private func content(of content: VolumeSpecification.Content, in state: State) -> String? {
    switch content {
    case .empty: "zeros"
    case .snapshot(let id): state.snapshots[id] == nil ? nil : state.data[id]
    case .volume(let id): state.volumes[id] == nil ? nil : state.data[id]
    }
  }

  static func export(_ id: ObjectID) throws(BackendError) -> Export {
    guard let nqn = try? NQN("nqn.2025-01.dev.example:\(id)"),
      let namespace = UUID("6f1c5bd0-3a86-5c0e-9d0b-52c8f8f6b1a7"),
      let portal = try? TransportAddress("192.0.2.1:4420", transport: .tcp)
    else { throw BackendError(.failed, "cannot export \(id)") }
    return Export(
      nqn: nqn, nsid: 1, uuid: UUID(namespace: namespace, name: id.description),
      portals: [portal], allowedHosts: [])
  }

  func deleteVolume(
    _ id: ObjectID, deadline: ContinuousClock.Instant, progress: @escaping Progress
  ) async throws(BackendError) {
    try await step("deleteVolume")
    try requireWhole(id)
    let isUsed = state.withLock { state in
      state.volumes[id]?.export.allowedHosts.isEmpty == false
    }
    guard !isUsed else { throw BackendError(.inUse, "\(id): a host is allowed") }
    state.withLock { state in
      guard state.volumes.removeValue(forKey: id) != nil else { return }
      state.leftovers.insert(Leftover(id: id, what: "file without an export"))
    }
    try await step("deleteVolume.file")
    state.withLock { state in
      state.leftovers = state.leftovers.filter { $0.id != id }
      state.data[id] = nil
    }
    try await step("deleteVolume.done")
  }

  func expandVolume(
    _ id: ObjectID, toSize size: Int64, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> BackendVolume {
    try await step("expandVolume")
    let grown = try state.withLock { (state) throws(BackendError) in
      guard let present = state.volumes[id] else {
        throw BackendError(.notFound, "\(id) is not there")
      }
      guard size >= present.size else { throw BackendError(.invalid, "\(id) is larger") }
      let others = state.volumes.values.reduce(0) { $0 + $1.size } - present.size
      guard others + size <= capacity else { throw BackendError(.exhausted, "no room for \(id)") }
      state.volumes[id]?.size = size
      var grown = present
      grown.size = size
      return grown
    }
    try await step("expandVolume.done")
    return grown
  }

  func volume(
    _ id: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> BackendVolume? {
    try await step("volume")
    try requireWhole(id)
    return state.withLock { $0.volumes[id] }
  }

  func volumes(
    _ ids: [ObjectID], deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> [ObjectID: Result<BackendVolume, BackendError>] {
    try await step("volumes")
    return state.withLock { state in
      state.read += ids.count
      return state.volumes.filter { ids.contains($0.key) }
        .reduce(into: [:]) { found, volume in
          found[volume.key] =
            state.damaged[volume.key].map { .failure($0) } ?? .success(volume.value)
        }
    }
  }

  private func requireWhole(_ id: ObjectID) throws(BackendError) {
    if let damage = state.withLock({ $0.damaged[id] }) { throw damage }
  }

  func volumeIDs(deadline: ContinuousClock.Instant) async throws(BackendError) -> [ObjectID] {
    try await step("volumeIDs")
    return state.withLock { $0.volumes.keys.sorted() }
  }

  func capacity(deadline: ContinuousClock.Instant) async throws(BackendError) -> BackendCapacity {
    try await step("capacity")
    let used = state.withLock { $0.volumes.values.reduce(0) { $0 + $1.size } }
    return BackendCapacity(available: capacity - used, largestVolume: nil)
  }

  func createSnapshot(
    _ id: ObjectID, of volume: ObjectID, deadline: ContinuousClock.Instant,
    progress: @escaping Progress
  ) async throws(BackendError) -> BackendSnapshot {
    try await step("createSnapshot")
    if let present = state.withLock({ $0.snapshots[id] }) {
      guard present.source == volume else {
        throw BackendError(.alreadyExists, "\(id) is of \(present.source)")
      }
      return present
    }
    let half = Leftover(id: id, what: "half a snapshot")
    state.withLock { _ = $0.leftovers.insert(half) }
    try await step("createSnapshot.copy")
    let taken = try state.withLock { (state) throws(BackendError) in
      state.leftovers.remove(half)
      guard let source = state.volumes[volume] else {
        throw BackendError(.notFound, "\(volume) is not there")
      }
      let snapshot = BackendSnapshot(
        id: id, source: volume, size: source.size,
        takenAt: 1_700_000_000_000_000_000 + Int64(state.snapshots.count), isReady: true)
      state.snapshots[id] = snapshot
      state.data[id] = state.data[volume]
      return snapshot
    }
    try await step("createSnapshot.done")
    return taken
  }

  func deleteSnapshot(
    _ id: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    try await step("deleteSnapshot")
    state.withLock { state in
      state.leftovers = state.leftovers.filter { $0.id != id }
      state.snapshots[id] = nil
      state.data[id] = nil
    }
    try await step("deleteSnapshot.done")
  }

  func snapshot(
    _ id: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> BackendSnapshot? {
    try await step("snapshot")
    try requireWhole(id)
    return state.withLock { $0.snapshots[id] }
  }

  func allow(
    _ host: NQN, volume: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    try await step("allow")
    let found = state.withLock { state in
      state.volumes[volume]?.export.allowedHosts.insert(host) != nil
    }
    guard found else { throw BackendError(.notFound, "\(volume) is not there") }
    try await step("allow.done")
  }

  func revoke(
    _ host: NQN, volume: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    try await step("revoke")
    state.withLock { _ = $0.volumes[volume]?.export.allowedHosts.remove(host) }
    try await step("revoke.done")
  }

  func hosts(
    of volume: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> Set<NQN> {
    try await step("hosts")
    return state.withLock { $0.volumes[volume]?.export.allowedHosts ?? [] }
  }

  func adopt(
    _ volume: ObjectID, as export: Export, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> BackendVolume {
    try await step("adopt")
    let adopted = state.withLock { state -> BackendVolume? in
      guard state.volumes[volume]?.isUnrecorded == true else { return state.volumes[volume] }
      state.volumes[volume]?.export = export
      state.volumes[volume]?.fault = nil
      state.volumes[volume]?.isUnrecorded = false
      return state.volumes[volume]
    }
    guard let adopted else { throw BackendError(.notFound, "\(volume) is not there") }
    return adopted
  }

  func leftovers(deadline: ContinuousClock.Instant) async throws(BackendError) -> [Leftover] {
    try await step("leftovers")
    return state.withLock { $0.leftovers.sorted { $0.id < $1.id } }
  }

  func remove(
    _ leftover: Leftover, deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    try await step("remove")
    state.withLock { _ = $0.leftovers.remove(leftover) }
  }
}

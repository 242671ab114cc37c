import Linux
import Synchronization
import SystemPackage

@testable import Backends
@testable import BackendsTestSupport

/// A pool of empty files, with switches for what goes wrong.
final class ScratchPool: Pool {
  struct State: Sendable {
    var objects: [ObjectID: PoolObject] = [:]
    var snapshots: [ObjectID: BackendSnapshot] = [:]
    var health: BackendError?
    /// Volumes that something depends on.
    var pinned: Set<ObjectID> = []
    var quietSource = false
    /// Volumes that were asked for several at a time.
    var read = 0
    /// Volumes that cannot be activated.
    var inactive: [ObjectID: BackendError] = [:]
    /// What every look at a volume fails with.
    var damage: BackendError?
    /// Volumes whose storage is damaged, and what every look at them fails with.
    var damaged: [ObjectID: BackendError] = [:]
  }

  /// What outlives the driver.
  final class Storage: Sendable {
    let directory: String
    let state = Mutex(State())
    init(_ directory: String) { self.directory = directory }
  }

  let storage: Storage
  private let life: KillSwitch

  init(_ storage: Storage, life: KillSwitch) {
    self.storage = storage
    self.life = life
  }

  var capabilities: Set<BackendCapability> { [.expansion, .capacity, .snapshots, .clones] }
  var needsQuietSource: Bool { storage.state.withLock { $0.quietSource } }

  let stuck: [StuckThread] = []

  func size(holding bytes: Int64) -> Int64? { bytes }
  func check(parameters: [String: String]) throws(BackendError) {}

  func checkHealth(
    isKnown: Bool, deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    if let error = storage.state.withLock({ $0.health }) { throw error }
  }

  func activate(
    _ ids: [ObjectID], deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> [ObjectID: Result<PoolObject?, BackendError>] {
    let (objects, inactive) = storage.state.withLock { ($0.objects, $0.inactive) }
    return Dictionary(
      uniqueKeysWithValues: ids.map { id in
        (id, inactive[id].map { .failure($0) } ?? .success(objects[id]))
      })
  }

  func createVolume(
    _ specification: VolumeSpecification, deadline: ContinuousClock.Instant,
    progress: @escaping Progress
  ) async throws(BackendError) -> PoolObject {
    try await checkHealth(isKnown: true, deadline: deadline)
    if let object = storage.state.withLock({ $0.objects[specification.id] }) {
      guard object.size == specification.size else {
        throw BackendError(.alreadyExists, "\(object.id) has \(object.size) bytes")
      }
      return object
    }
    try change("create \(specification.id)")
    let path = "\(storage.directory)/\(specification.id)"
    do {
      try Files.replaceDurably(path, with: [], mode: 0o600)
    } catch {
      throw BackendError(.failed, "create \(path)", cause: error)
    }
    let object = PoolObject(
      id: specification.id, path: path, size: specification.size, content: specification.content,
      parameters: specification.parameters)
    storage.state.withLock { $0.objects[object.id] = object }
    return object
  }

  func deleteVolume(
    _ id: ObjectID, deadline: ContinuousClock.Instant, progress: @escaping Progress
  ) async throws(BackendError) {
    if let damage = storage.state.withLock({ $0.damaged[id] }) { throw damage }
    if storage.state.withLock({ $0.pinned.contains(id) }) {
      throw BackendError(.inUse, "something depends on \(id)")
    }
    guard let object = storage.state.withLock({ $0.objects[id] }) else { return }
    try change("delete \(id)")
    try? Files.removeDurably(object.path)
    storage.state.withLock { _ = $0.objects.removeValue(forKey: id) }
  }

  func expandVolume(
    _ id: ObjectID, toSize size: Int64, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> PoolObject {
    guard var object = storage.state.withLock({ $0.objects[id] }) else {
      throw BackendError(.notFound, "no \(id)")
    }
    guard size >= object.size else { throw BackendError(.invalid, "\(id) cannot shrink") }
    try change("expand \(id)")
    object.size = size
    let larger = object
    storage.state.withLock { $0.objects[id] = larger }
    return larger
  }

  func createSnapshot(
    _ id: ObjectID, of volume: ObjectID, deadline: ContinuousClock.Instant,
    progress: @escaping Progress
  ) async throws(BackendError) -> BackendSnapshot {
    let snapshot = BackendSnapshot(id: id, source: volume, size: 1, takenAt: 1, isReady: true)
    storage.state.withLock { $0.snapshots[id] = snapshot }
    return snapshot
  }

  func deleteSnapshot(
    _ id: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    storage.state.withLock { _ = $0.snapshots.removeValue(forKey: id) }
  }

  func volumes(
    _ ids: [ObjectID], deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> [ObjectID: Result<PoolObject?, BackendError>] {
    storage.state.withLock { state in
      if ids.count > 1 { state.read += ids.count }
      return Dictionary(
        uniqueKeysWithValues: Set(ids).map { id in
          let damage = state.damage ?? state.damaged[id]
          return (id, damage.map { .failure($0) } ?? .success(state.objects[id]))
        })
    }
  }

  func volumeIDs(deadline: ContinuousClock.Instant) async throws(BackendError) -> [ObjectID] {
    storage.state.withLock { $0.objects.keys.sorted() }
  }

  func snapshot(
    _ id: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> BackendSnapshot? {
    storage.state.withLock { $0.snapshots[id] }
  }

  func capacity(deadline: ContinuousClock.Instant) async throws(BackendError) -> BackendCapacity {
    BackendCapacity(available: 0, largestVolume: nil)
  }

  func leftovers(deadline: ContinuousClock.Instant) async throws(BackendError) -> [Leftover] { [] }

  func remove(_ leftover: Leftover, deadline: ContinuousClock.Instant) async throws(BackendError) {}

  private func change(_ what: String) throws(BackendError) {
    do throws(SystemCallError) {
      try life.willChange(what, storage.directory)
    } catch {
      throw BackendError(.failed, what, cause: error)
    }
  }
}

import Linux
import NVMe
import StateStore
import Synchronization
import Testing

@testable import Backends
@testable import BackendsTestSupport

func hostNQN(_ name: String) -> NQN { HostIdentity(nodeID: name).nqn }

/// A target, a pool and a state store that outlive the drivers that work on them.
final class TargetBench: Sendable {
  let directory: String
  let configFS: ImitatedConfigFS
  let storage: ScratchPool.Storage
  let store = MemoryStateStore()
  private let told = Mutex<[String]>([])

  /// Runs `body` with a bench that is removed afterwards.
  static func run(_ body: (TargetBench) async throws -> Void) async throws {
    let bench = try TargetBench()
    defer { try? removeTree(bench.directory) }
    try await body(bench)
  }

  private init() throws {
    directory = "/tmp/backends-tests-\(UInt64.random(in: .min ... .max))"
    try Files.makeDirectories("\(directory)/pool", mode: 0o700)
    configFS = try ImitatedConfigFS("\(directory)/nvmet")
    storage = ScratchPool.Storage("\(directory)/pool")
  }

  static let portals = ["192.0.2.1:4420", "[2001:db8::1]:4420"].compactMap {
    try? TransportAddress($0, transport: .tcp)
  }

  /// Waits for nothing that is late.
  static let hasty = RestoreLimits(
    patience: .zero, volume: .seconds(60), pause: .milliseconds(5), concurrency: 2)
  /// Waits for longer than any test may.
  static let patient = RestoreLimits(
    patience: .seconds(600), volume: .seconds(60), pause: .milliseconds(5), concurrency: 2)

  /// What was reported so far.
  var reports: [String] { told.withLock { $0 } }

  /// A driver, until `life` ends.
  func driver(
    _ life: KillSwitch = KillSwitch(), cluster: String = "c1",
    limits: RestoreLimits = TargetBench.hasty, store: (any StateStore)? = nil
  ) throws -> NVMetBackend {
    try NVMetBackend(
      NVMetConfiguration(
        owner: PoolOwner(driver: "nvmeof.csi.dev", cluster: cluster), portals: Self.portals),
      pool: ScratchPool(storage, life: life),
      store: MortalStore(base: store ?? self.store, life: life),
      fs: configFS.seen(by: life), settle: {}, limits: limits,
      report: { text in self.told.withLock { $0.append(text) } })
  }

  func specification(_ id: ObjectID, size: Int64 = 1 << 20) -> VolumeSpecification {
    VolumeSpecification(id: id, size: size, content: .empty, parameters: [:])
  }

  /// Makes a volume and lets hosts in.
  @discardableResult
  func volume(_ letter: Character, hosts: [String] = []) async throws -> BackendVolume {
    let driver = try driver()
    let id = try ObjectID.volume(letter)
    _ = try await driver.createVolume(specification(id), deadline: .ample) { _, _ in }
    for host in hosts { try await driver.allow(hostNQN(host), volume: id, deadline: .ample) }
    return try #require(try await driver.volume(id, deadline: .ample))
  }

  /// Loses the export records, as with the driver's state directory.
  func loseRecords() async throws {
    for key in try await store.keys() {
      try await store.delete(key, ifVersion: try #require(try await store.get(key)).version)
    }
  }

  /// Puts something else in a volume's export record.
  func damageRecord(_ id: ObjectID) async throws {
    let key = "exports/\(id)"
    let version = try #require(try await store.get(key)).version
    _ = try await store.put(key, Array("{\"format\": 1".utf8), ifVersion: version)
  }

  /// Loses a volume's storage; the target may have it open.
  func loseStorage(_ volume: BackendVolume) throws {
    storage.state.withLock { _ = $0.objects.removeValue(forKey: volume.id) }
    try Files.removeDurably("\(storage.directory)/\(volume.id)")
  }
}

extension Backend {
  /// Every volume, sorted by id; an error when one of them cannot be told of.
  func volumes(
    deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> [BackendVolume] {
    let ids = try await volumeIDs(deadline: deadline)
    let found = try await volumes(ids, deadline: deadline)
    var volumes: [BackendVolume] = []
    for id in ids {
      if let volume = try found[id]?.get() { volumes.append(volume) }
    }
    return volumes
  }
}

/// Expects a backend to fail with a code and a message that holds every one of the texts.
func expectError(
  _ code: BackendError.Code, _ texts: String..., sourceLocation: SourceLocation = #_sourceLocation,
  _ call: () async throws -> Void
) async {
  let error = await #expect(throws: BackendError.self, sourceLocation: sourceLocation) {
    try await call()
  }
  guard let error else { return }
  #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
  for text in texts {
    #expect(error.description.contains(text), "\(error)", sourceLocation: sourceLocation)
  }
}

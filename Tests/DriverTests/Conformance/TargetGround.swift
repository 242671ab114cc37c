import Glibc
import Linux
import NVMe
import StateStore
import Testing

@testable import Backends
@testable import BackendsTestSupport
@testable import Driver

/// A target with a pool of files and a state directory, which outlive the controllers on them. All of it
/// is what a node's machine has, but for the kernel's configfs, which is imitated.
final class TargetGround: Sendable {
  /// What the pool is on.
  enum Medium: Sendable {
    /// The machine's own temporary directory.
    case disk
    /// So many bytes in memory, mounted for the test.
    case memory(bytes: Int64)
  }

  let directory: String
  let configFS: ImitatedConfigFS
  private let medium: Medium

  /// Runs `body` with a ground that is removed afterwards.
  static func run(
    on medium: Medium = .disk, _ body: (TargetGround) async throws -> Void
  ) async throws {
    let ground = try TargetGround(medium)
    defer { ground.clear() }
    try await body(ground)
  }

  private init(_ medium: Medium) throws {
    directory = "/tmp/conformance-\(UInt64.random(in: .min ... .max))"
    self.medium = medium
    try Files.makeDirectories("\(directory)/pool", mode: 0o700)
    if case .memory(let bytes) = medium {
      try Self.mount("\(directory)/pool", MS_NODEV, "size=\(bytes)")
    }
    configFS = try ImitatedConfigFS("\(directory)/nvmet")
  }

  private func clear() {
    if case .memory = medium { _ = unsafe umount2(pool, Int32(MNT_DETACH)) }
    try? removeTree(directory)
  }

  var pool: String { "\(directory)/pool" }
  var state: String { "\(directory)/state" }

  // MARK: Mounts

  /// Tried out: root in a container may not mount.
  static let canMount: Bool = {
    let probe = "/tmp/conformance-probe-\(UInt64.random(in: .min ... .max))"
    guard (try? Files.makeDirectories(probe, mode: 0o700)) != nil else { return false }
    defer { _ = try? Files.removeDirectory(probe) }
    guard (try? mount(probe, MS_NODEV, "size=65536")) != nil else { return false }
    return unsafe umount2(probe, 0) == 0
  }()

  /// Makes the pool's file system read-only, or writable again.
  func setReadOnly(_ isReadOnly: Bool) throws {
    try Self.mount(pool, MS_REMOUNT | (isReadOnly ? MS_RDONLY : 0), "")
  }

  private static func mount(_ path: String, _ flags: Int, _ options: String) throws {
    guard unsafe Glibc.mount("none", path, "tmpfs", UInt(flags), options) == 0 else {
      throw BackendError(.failed, "mount \(path): errno \(errno)")
    }
  }

  // MARK: Lives

  private static let owner = PoolOwner(driver: "nvmeof.csi.dev", cluster: "conformance")
  private static let portals = ["192.0.2.1:4420", "[2001:db8::1]:4420"].compactMap {
    try? TransportAddress($0, transport: .tcp)
  }

  /// One life of the controller, until `life` ends, which is over when `body` returns: the state directory and the pool
  /// have one process at a time.
  func live(
    _ life: KillSwitch = KillSwitch(), _ body: (VolumeController) async throws -> Void
  ) async throws {
    let store = BackendsTestSupport.MortalStore(
      base: try await FileStateStore(directory: state), life: life)
    let pool = try FilePool(try configuration(), owner: Self.owner) {
      (step) throws(BackendError) in
      do throws(SystemCallError) { try life.willChange("\(step)", "pool") } catch {
        throw BackendError(.failed, "dead", cause: error)
      }
    }
    let backend = try NVMetBackend(
      NVMetConfiguration(owner: Self.owner, portals: Self.portals),
      pool: pool, store: store, fs: configFS.seen(by: life),
      settle: {}, limits: RestoreLimits(patience: .zero, pause: .milliseconds(5)),
      report: { _ in })
    try await body(VolumeController.forConformance(backend, store))
  }

  /// One life that has begun and works.
  func work(
    _ life: KillSwitch = KillSwitch(), _ body: (VolumeController) async throws -> Void
  ) async throws {
    try await live(life) { controller in
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await controller.work.run() }
        defer { group.cancelAll() }
        try await controller.start()
        try await body(controller)
      }
    }
  }

  /// One life, with clients of it.
  func serve(
    _ body: @escaping @Sendable (Session, VolumeController) async throws -> Void
  ) async throws {
    try await Subject.withSocket { path in
      try await live { controller in
        try await controller.serve(at: path) {
          try await Subject.nvmet.connected(to: path) { session in
            try await body(session, controller)
          }
        }
      }
    }
  }

  /// What is promised on a disk is 8 TiB, so that a volume of 1500 GiB can be there sparsely and none of
  /// 1 EiB can. In memory it is what is there.
  private func configuration() throws -> FilePoolConfiguration {
    var configuration = FilePoolConfiguration(directory: pool, reserve: .bytes(0))
    if case .disk = medium {
      let statistics = try Directory(pool).statistics()
      let free = Double(statistics.blocksAvailable) * Double(statistics.blockSize)
      configuration.overcommit = max(1, Double(8 << 40) / max(free, 1))
    }
    return configuration
  }

  // MARK: Truth

  /// Expects the records, the pool and the target to have the same objects, whole, and each volume's
  /// holders alone to be let in.
  func expectTruth(
    _ controller: VolumeController, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let volumes = try await controller.volumes.ids().map(\.description)
    let snapshots = try await controller.snapshots.ids().map(\.description)
    func files(of ids: [String]) -> [String] { ids.flatMap { ["\($0).img", "\($0).json"] } }
    for (kind, ids) in [("volumes", volumes), ("snapshots", snapshots)] {
      let found = (try? Files.names(inDirectory: "\(pool)/\(kind)")) ?? []
      #expect(found == files(of: ids).sorted(), sourceLocation: sourceLocation)
    }
    let keys =
      (volumes.flatMap { ["exports/\($0)", "volumes/\($0)"] } + snapshots.map { "snapshots/\($0)" })
    #expect(try recorded() == Set(keys), sourceLocation: sourceLocation)
    var exported: [String] = []
    for nqn in try configFS.names(in: "subsystems") {
      let name = try #require(nqn.split(separator: ":").last.map(String.init))
      exported.append(name)
      let id = try #require(ObjectID(name))
      let record = try await controller.volumes.record(of: id)?.record
      #expect(record?.phase == .ready, sourceLocation: sourceLocation)
      #expect(
        Set(try configFS.names(in: "subsystems/\(nqn)/allowed_hosts"))
          == Set(record?.holders.values.map(\.host.rawValue) ?? []), sourceLocation: sourceLocation)
      for port in try configFS.names(in: "ports") {
        #expect(
          try configFS.exists("ports/\(port)/subsystems/\(nqn)"), sourceLocation: sourceLocation)
      }
    }
    #expect(exported.sorted() == volumes, sourceLocation: sourceLocation)
    #expect(
      try configFS.names(in: "ports").count == (volumes.isEmpty ? 0 : Self.portals.count),
      sourceLocation: sourceLocation)
  }

  /// The keys of all state files, and what was set aside.
  private func recorded() throws -> Set<String> {
    Set(
      try Files.names(inDirectory: state).filter { $0 != ".lock" }
        .map { $0.replacing("%2F", with: "/") })
  }
}

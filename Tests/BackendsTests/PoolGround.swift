import Command
import Glibc
import Linux
import Synchronization
import SystemPackage

@testable import Backends

/// Where a test's pool is. What is mounted for it is unmounted when the test is over.
enum PoolGround: String, CaseIterable, Sendable {
  /// The machine's own temporary directory, mostly ext4 or overlay: no reflinks.
  case directory
  /// A small xfs with reflinks on a loop device.
  case xfs
  /// 32 MiB in memory.
  case tmpfs

  /// Those that this machine can make.
  static var possible: [PoolGround] { canMount ? allCases : [.directory] }

  /// Tried out: root in a container may not mount, and a kernel may have no xfs.
  static let canMount: Bool = {
    guard geteuid() == 0, (try? Files.status("/dev/loop-control")) != nil,
      let known = try? Files.read("/proc/filesystems", limit: 1 << 16),
      String(decoding: known, as: UTF8.self).contains("\txfs\n")
    else { return false }
    let probe = "/tmp/pool-tests-\(UInt64.random(in: .min ... .max))"
    guard (try? Files.makeDirectories(probe, mode: 0o700)) != nil else { return false }
    defer { _ = try? Files.removeDirectory(probe) }
    guard unsafe mount("none", probe, "tmpfs", 0, nil) == 0 else { return false }
    return unsafe umount(probe) == 0
  }()

  func run(_ body: @Sendable (Bench) async throws -> Void) async throws {
    let root = "/tmp/pool-tests-\(UInt64.random(in: .min ... .max))"
    try Files.makeDirectories("\(root)/pool", mode: 0o700)
    let executor = CommandExecutor()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await executor.run() }
      defer { group.cancelAll() }
      while (try? await executor.run(Command("true"), deadline: .ample)) == nil {
        try await Task.sleep(for: .milliseconds(1))
      }
      let bench = Bench(ground: self, root: root, executor: executor)
      do {
        try await bench.mount()
        try await body(bench)
      } catch {
        try await bench.clear()
        throw error
      }
      try await bench.clear()
    }
  }
}

struct Bench: Sendable {
  let ground: PoolGround
  let root: String
  let executor: CommandExecutor

  var directory: String { "\(root)/pool" }

  func run(_ program: String, _ arguments: String...) async throws {
    let output = try await executor.run(Command(program, arguments), deadline: .ample)
    guard output.succeeded else {
      throw BackendError(.failed, "\(program) \(arguments): \(output.standardError)")
    }
  }

  func mount() async throws {
    switch ground {
    case .directory: break
    case .xfs:
      try await run("truncate", "-s", "320M", "\(root)/image")
      try await run("mkfs.xfs", "-q", "-m", "reflink=1", "\(root)/image")
      try await run("mount", "-o", "loop", "\(root)/image", directory)
    case .tmpfs:
      try await run("mount", "-t", "tmpfs", "-o", "size=32m", "none", directory)
    }
  }

  func clear() async throws {
    if ground != .directory { try await run("umount", directory) }
    try await run("rm", "-r", "--one-file-system", root)
  }

  func configuration(
    reserve: FilePoolConfiguration.Reserve = .bytes(0), overcommit: Double = 1
  ) -> FilePoolConfiguration {
    FilePoolConfiguration(directory: directory, reserve: reserve, overcommit: overcommit)
  }

  /// Lends a life of a pool, which is over when `body` returns.
  @discardableResult
  func withPool<Result>(
    _ configuration: FilePoolConfiguration? = nil, owner: PoolOwner = .ours, trap: Trap = Trap(),
    _ body: (FilePool) async throws -> Result
  ) async throws -> Result {
    let pool = try FilePool(
      configuration ?? self.configuration(), owner: owner,
      passed: { step throws(BackendError) in try trap.passed(step) })
    return try await body(pool)
  }

  /// All files of the pool but for its mark.
  func files() throws -> [String] {
    try ["volumes", "snapshots"].flatMap { directory in
      try Files.names(inDirectory: "\(self.directory)/\(directory)").map { "\(directory)/\($0)" }
    }
  }
}

/// Makes a pool fail after a step, or end there, as kill -9 ends it: then nothing is cleared up either.
final class Trap: Sendable {
  private let state: Mutex<(step: FileStorage.Step?, kills: Bool)>

  init(_ step: FileStorage.Step? = nil, kills: Bool = false) {
    state = Mutex((step, kills))
  }

  func passed(_ step: FileStorage.Step) throws(BackendError) {
    let fails = state.withLock { state in
      guard step == state.step || (state.kills && state.step == nil && step == .cleanUp) else {
        return false
      }
      state.step = nil
      return true
    }
    if fails { throw BackendError(.failed, "trapped after \(step)") }
  }
}

extension PoolOwner {
  static let ours = PoolOwner(driver: "nvmeof.csi.dev", cluster: "test")
}

extension ContinuousClock.Instant {
  /// A deadline that no test means to reach.
  static var ample: Self { .now + .seconds(60) }
}

extension ObjectID {
  /// `nv-aaa…` and `ns-aaa…`: one for each letter.
  static func volume(_ letter: Character) throws -> ObjectID { try named("nv-", letter) }
  static func snapshot(_ letter: Character) throws -> ObjectID { try named("ns-", letter) }

  private static func named(_ prefix: String, _ letter: Character) throws -> ObjectID {
    guard let id = ObjectID(prefix + String(repeating: letter, count: 26)) else {
      throw BackendError(.invalid, "no name: \(letter)")
    }
    return id
  }
}

extension Pool {
  @discardableResult
  func create(
    _ id: ObjectID, size: Int64 = 1 << 20, from content: VolumeSpecification.Content = .empty,
    allocation: String? = nil, deadline: ContinuousClock.Instant = .ample,
    progress: @escaping Progress = { _, _ in }
  ) async throws(BackendError) -> PoolObject {
    try await createVolume(
      VolumeSpecification(
        id: id, size: size, content: content,
        parameters: allocation.map { ["allocation": $0] } ?? [:]),
      deadline: deadline, progress: progress)
  }

  @discardableResult
  func snapshot(_ id: ObjectID, of volume: ObjectID) async throws(BackendError) -> BackendSnapshot {
    try await createSnapshot(id, of: volume, deadline: .ample, progress: { _, _ in })
  }

  func delete(_ id: ObjectID) async throws(BackendError) {
    switch id.kind {
    case .volume: try await deleteVolume(id, deadline: .ample, progress: { _, _ in })
    case .snapshot: try await deleteSnapshot(id, deadline: .ample)
    }
  }

  /// Every volume that is complete, sorted by id; an error when one is damaged.
  func volumes(deadline: ContinuousClock.Instant) async throws(BackendError) -> [PoolObject] {
    let ids = try await volumeIDs(deadline: deadline)
    let found = try await volumes(ids, deadline: deadline)
    var volumes: [PoolObject] = []
    for id in ids {
      if let volume = try found[id]?.get() ?? nil { volumes.append(volume) }
    }
    return volumes
  }

  func volumeIDs() async throws(BackendError) -> [ObjectID] {
    try await volumes(deadline: .ample).map(\.id)
  }
}

/// The code of the error that a call throws; nil when it throws none.
func code(_ body: () async throws -> Void) async throws -> BackendError.Code? {
  do { try await body() } catch let error as BackendError { return error.code }
  return nil
}

/// Writes into an image as a host does.
func write(_ text: String, to path: String, at offset: Int64) throws {
  let file = try FileDescriptor.open(FilePath(path), .writeOnly)
  try file.closeAfter { _ = try file.writeAll(toAbsoluteOffset: offset, text.utf8) }
}

func read(_ path: String, at offset: Int64, count: Int) throws -> String {
  let file = try FileDescriptor.open(FilePath(path), .readOnly)
  return try file.closeAfter {
    var bytes = [UInt8](repeating: 0, count: count)
    let read = try unsafe bytes.withUnsafeMutableBytes {
      try unsafe file.read(fromAbsoluteOffset: offset, into: $0)
    }
    return String(decoding: bytes.prefix(read), as: UTF8.self)
  }
}

/// Bytes of blocks that a file has.
func allocated(_ path: String) throws -> Int64 {
  try Descriptor.open(path, flags: O_RDONLY).space().allocated
}

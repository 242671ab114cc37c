import Linux
import Testing

@testable import Backends

/// Every step of every operation is the last one of a life, or one that fails.
@Suite("File pool, interrupted", .serialized)
struct FilePoolCrashTests {
  /// What is done, on a pool that has volume `a` of 1 MiB with "old" in it, and snapshot `s` of it.
  enum Operation: String, CaseIterable, Sendable {
    case create, createFull, restore, clone, snapshot, expand, expandFull, delete, deleteSnapshot

    func run(_ pool: FilePool) async throws {
      let (a, s) = (try ObjectID.volume("a"), try ObjectID.snapshot("s"))
      switch self {
      case .create: try await pool.create(try .volume("b"))
      case .createFull: try await pool.create(try .volume("b"), allocation: "full")
      case .restore: try await pool.create(try .volume("b"), from: .snapshot(s))
      case .clone: try await pool.create(try .volume("b"), from: .volume(a))
      case .snapshot: try await pool.snapshot(try .snapshot("t"), of: a)
      case .expand: _ = try await pool.expandVolume(a, toSize: 2 << 20, deadline: .ample)
      case .expandFull:
        _ = try await pool.expandVolume(try .volume("f"), toSize: 2 << 20, deadline: .ample)
      case .delete: try await pool.delete(a)
      case .deleteSnapshot: try await pool.delete(s)
      }
    }

    var steps: [FileStorage.Step] {
      switch self {
      case .create, .createFull, .restore, .clone, .snapshot:
        [.makeHalf, .fill, .synchronizeHalf, .writeRecord, .complete]
      case .expand, .expandFull: [.noteGrowth, .grow, .noteGrown]
      case .delete, .deleteSnapshot: [.hide, .forgetRecord, .unlink]
      }
    }

    /// The files when all is done.
    func files() throws -> Set<String> {
      var files = try FilePoolCrashTests.filesBefore()
      switch self {
      case .create, .createFull, .restore, .clone: files.formUnion(try names("b", of: .volume))
      case .snapshot: files.formUnion(try names("t", of: .snapshot))
      case .expand, .expandFull: break
      case .delete: files.subtract(try names("a", of: .volume))
      case .deleteSnapshot: files.subtract(try names("s", of: .snapshot))
      }
      return files
    }
  }

  static let cases = Operation.allCases.flatMap { operation in
    operation.steps.map { (operation, $0) }
  }

  static func filesBefore() throws -> Set<String> {
    Set(try names("a", of: .volume) + names("f", of: .volume) + names("s", of: .snapshot))
  }

  private func prepare(_ bench: Bench) async throws {
    try await bench.withPool { pool in
      let source = try await pool.create(try .volume("a"))
      try await pool.create(try .volume("f"), allocation: "full")
      try write("old", to: source.path, at: 0)
      try await pool.snapshot(try .snapshot("s"), of: source.id)
    }
  }

  @Test(
    "Killed after any step: nothing is lost or half there, and the same call finishes",
    arguments: cases)
  func killed(operation: Operation, step: FileStorage.Step) async throws {
    for ground in PoolGround.possible where ground != .tmpfs {
      try await ground.run { bench in
        try await prepare(bench)
        await #expect(throws: BackendError.self) {
          try await bench.withPool(trap: Trap(step, kills: true)) { try await operation.run($0) }
        }
        try await bench.withPool { pool in
          try await expectWhole(pool)
          try await operation.run(pool)
          try await expectWhole(pool)
          #expect(try await pool.leftovers(deadline: .ample) == [])
        }
        #expect(Set(try bench.files()) == (try operation.files()))
      }
    }
  }

  @Test(
    "Killed after any step and never asked again: leftovers are found, and removed for good",
    arguments: cases)
  func abandoned(operation: Operation, step: FileStorage.Step) async throws {
    try await PoolGround.directory.run { bench in
      try await prepare(bench)
      await #expect(throws: BackendError.self) {
        try await bench.withPool(trap: Trap(step, kills: true)) { try await operation.run($0) }
      }
      try await bench.withPool { pool in
        let before = try bench.files()
        let leftovers = try await pool.leftovers(deadline: .ample)
        #expect(try bench.files() == before)
        for leftover in leftovers { try await pool.remove(leftover, deadline: .ample) }
        // Again, as when the answer was lost.
        for leftover in leftovers { try await pool.remove(leftover, deadline: .ample) }
        #expect(try await pool.leftovers(deadline: .ample) == [])
        try await expectWhole(pool)
      }
      let files = Set(try bench.files())
      #expect(try files == Self.filesBefore() || files == operation.files(), "\(files)")
    }
  }

  @Test("Failed at any step: nothing is left of it, or all of it is there", arguments: cases)
  func failed(operation: Operation, step: FileStorage.Step) async throws {
    try await PoolGround.directory.run { bench in
      try await prepare(bench)
      try await bench.withPool(trap: Trap(step)) { pool in
        await #expect(throws: BackendError.self) { try await operation.run(pool) }
        switch operation {
        case .delete, .deleteSnapshot: break
        default:
          let files = Set(try bench.files())
          #expect(
            try files == (step == .complete ? operation.files() : Self.filesBefore()), "\(files)")
        }
        try await operation.run(pool)
        try await expectWhole(pool)
      }
      #expect(Set(try bench.files()) == (try operation.files()))
    }
  }

  /// Whatever is listed is all there, with the right bytes.
  private func expectWhole(_ pool: FilePool) async throws {
    let a = try ObjectID.volume("a")
    for volume in try await pool.volumes(deadline: .ample) {
      #expect(try Files.status(volume.path)?.size == volume.size)
      let isEmpty = volume.content == .empty && volume.id != a
      #expect(try read(volume.path, at: 0, count: 4) == (isEmpty ? "\0\0\0\0" : "old\0"))
      if volume.parameters["allocation"] == "full" {
        #expect(try allocated(volume.path) >= volume.size)
      }
    }
    for letter in "st" {
      guard let snapshot = try await pool.snapshot(try .snapshot(letter), deadline: .ample) else {
        continue
      }
      let path = "\(pool.storage.configuration.directory)/snapshots/\(snapshot.id).img"
      #expect(try Files.status(path)?.size == snapshot.size)
      #expect(try read(path, at: 0, count: 4) == "old\0")
    }
  }
}

private func names(_ letter: Character, of kind: ObjectID.Kind) throws -> [String] {
  let id: ObjectID = kind == .volume ? try .volume(letter) : try .snapshot(letter)
  let directory = kind == .volume ? "volumes" : "snapshots"
  return [".img", ".json"].map { "\(directory)/\(id)\($0)" }
}

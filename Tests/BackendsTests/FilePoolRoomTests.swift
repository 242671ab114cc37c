import Glibc
import Linux
import SystemPackage
import Testing

@testable import Backends

@Suite("File pool, room", .serialized)
struct FilePoolRoomTests {
  private static let mebibyte: Int64 = 1 << 20

  /// Fills a file system up to so many bytes.
  private func fill(_ bench: Bench, leaving bytes: Int64) async throws {
    let free = Int64(try Directory(bench.directory).statistics().blocksAvailable * 4096)
    try await bench.run(
      "dd", "if=/dev/zero", "of=\(bench.directory)/lost+found", "bs=4096",
      "count=\((free - bytes) / 4096)", "status=none")
  }

  @Test("What is promised is never more than there is", .enabled(if: PoolGround.canMount))
  func promises() async throws {
    try await PoolGround.tmpfs.run { bench in
      try await bench.withPool { pool in
        let before = try await pool.capacity(deadline: .ample).available
        #expect((30 * Self.mebibyte...32 * Self.mebibyte).contains(before))
        let source = try await pool.create(try .volume("a"), size: 20 * Self.mebibyte)
        let after = try await pool.capacity(deadline: .ample)
        // The record takes a block.
        #expect(after.available == before - 20 * Self.mebibyte - 4096)
        #expect(after.largestVolume == after.available)
        let files = try bench.files()
        #expect(
          try await code { try await pool.create(try .volume("b"), size: 20 * Self.mebibyte) }
            == .exhausted)
        #expect(
          try await code {
            try await pool.create(try .volume("b"), size: 20 * Self.mebibyte, allocation: "full")
          } == .exhausted)
        #expect(
          try await code {
            _ = try await pool.expandVolume(
              source.id, toSize: 40 * Self.mebibyte, deadline: .ample)
          } == .exhausted)
        #expect(try bench.files() == files)
        // Bytes that are written were promised before.
        try write(String(repeating: "x", count: 1 << 20), to: source.path, at: 0)
        #expect(try await pool.capacity(deadline: .ample).available == after.available)
        _ = try await pool.expandVolume(source.id, toSize: 25 * Self.mebibyte, deadline: .ample)
        try await pool.delete(source.id)
        #expect(try await pool.capacity(deadline: .ample).available == before)
      }
    }
  }

  @Test(
    "A full file system refuses, and nothing is left", .enabled(if: PoolGround.canMount),
    arguments: [PoolGround.xfs, .tmpfs])
  func full(ground: PoolGround) async throws {
    try await ground.run { bench in
      // Much may be promised here: what refuses is the file system itself.
      try await bench.withPool(bench.configuration(overcommit: 1_000_000)) { pool in
        let source = try await pool.create(try .volume("a"), size: 8 * Self.mebibyte)
        for offset in 0..<Int64(8) {
          try write(String(repeating: "x", count: 1 << 20), to: source.path, at: offset << 20)
        }
        try await fill(bench, leaving: 4 * Self.mebibyte)
        let files = try bench.files()
        #expect(
          try await code {
            try await pool.create(try .volume("b"), size: 64 * Self.mebibyte, allocation: "full")
          } == .exhausted)
        if ground == .tmpfs {
          #expect(
            try await code { try await pool.snapshot(try .snapshot("s"), of: source.id) }
              == .exhausted)
        }
        #expect(try bench.files() == files)
        #expect(try await pool.volumeIDs() == [source.id])
        try await pool.delete(source.id)
        try await pool.create(try .volume("b"), size: 8 * Self.mebibyte, allocation: "full")
      }
    }
  }

  @Test("A hundred creates at once share what there is", .enabled(if: PoolGround.canMount))
  func concurrent() async throws {
    try await PoolGround.tmpfs.run { bench in
      try await bench.withPool { pool in
        let ids = try "abcdefghijklmnopqrstuvwxyz".map { try ObjectID.volume($0) }
        let made = await withTaskGroup(of: Bool.self) { group in
          for id in ids {
            group.addTask {
              (try? await pool.create(id, size: 3 * Self.mebibyte, allocation: "full")) != nil
            }
          }
          return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(made == 10)
        #expect(try await pool.volumeIDs().count == 10)
        #expect(try bench.files().count == 20)
      }
    }
  }

  @Test(
    "Blocks that are shared are promised to each who may write them",
    .enabled(if: PoolGround.canMount))
  func shared() async throws {
    try await PoolGround.xfs.run { bench in
      try await bench.withPool { pool in
        let size = 64 * Self.mebibyte
        let source = try await pool.create(try .volume("a"), size: size, allocation: "full")
        for offset in 0..<Int64(64) {
          try write(String(repeating: "x", count: 1 << 20), to: source.path, at: offset << 20)
        }
        let before = try await pool.capacity(deadline: .ample).available
        try await pool.snapshot(try .snapshot("s"), of: source.id)
        try await pool.create(try .volume("b"), size: size, from: .snapshot(try .snapshot("s")))
        let after = try await pool.capacity(deadline: .ample).available
        // The snapshot's old bytes and two volumes' new ones: two more than there were, within what
        // the file system takes for itself.
        #expect(abs(before - after - 2 * size) < Self.mebibyte)
        #expect(
          try await code {
            try await pool.create(try .volume("c"), size: 2 * size, from: .volume(source.id))
          } == .exhausted)
        try await pool.delete(try .snapshot("s"))
        try await pool.delete(try .volume("b"))
        #expect(abs(try await pool.capacity(deadline: .ample).available - before) < Self.mebibyte)
      }
    }
  }

  @Test(
    "The arithmetic",
    arguments: [
      // free 1000 of 2000; a volume of 500 that has 200
      (FilePoolConfiguration.Reserve.bytes(0), 1.0, Int64(0), Int64(700), Int64(1000)),
      (.bytes(100), 1, 0, 600, 900), (.percent(10), 1, 0, 500, 800), (.percent(200), 1, 0, 0, 0),
      (.bytes(5000), 1, 0, 0, 0), (.bytes(-5), 1, 0, 700, 1000),
      // twice of 1200 is promised, and 500 are
      (.bytes(0), 2, 0, 1900, 1000),
      // 200 that are shared are there once
      (.bytes(0), 1, 200, 700, 1000),
    ])
  func arithmetic(
    reserve: FilePoolConfiguration.Reserve, overcommit: Double, shared: Int64, available: Int64,
    writable: Int64
  ) {
    let configuration = FilePoolConfiguration(
      directory: "/p", reserve: reserve, overcommit: overcommit)
    var room = PoolRoom(free: 1000, total: 2000)
    room.count(promised: 500, allocated: 200, shared: shared)
    #expect(room.available(configuration) == available)
    #expect(room.writable(configuration) == writable)
  }

  @Test(
    "What a file system answers is told apart: no room, read-only, or a size that no file can have",
    arguments: [
      (Errno.noSpace, BackendError.Code.exhausted), (.diskQuotaExceeded, .exhausted),
      (.readOnlyFileSystem, .unavailable), (.fileTooLarge, .outOfRange), (.ioError, .failed),
    ])
  func errors(errno: Errno, code: BackendError.Code) {
    let cause = SystemCallError(call: "ftruncate", subject: "a.img", errno: errno)
    #expect(BackendError.storage("make a", cause).code == code)
  }

  @Test("Sums that are too large for the type are no room")
  func overflow() {
    let configuration = FilePoolConfiguration(directory: "/p", reserve: .bytes(0))
    var room = PoolRoom(free: 1000, total: 2000)
    for _ in 0..<2 { room.count(promised: .max, allocated: 0, shared: 0) }
    #expect(room.available(configuration) == 0)
  }
}

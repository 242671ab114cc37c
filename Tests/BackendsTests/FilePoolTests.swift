import Glibc
import Linux
import Testing

@testable import Backends

@Suite("File pool", .serialized)
struct FilePoolTests {
  @Test(
    "A thin volume has its exact size, takes no room, and is there again in the next life",
    arguments: PoolGround.possible)
  func thin(ground: PoolGround) async throws {
    try await ground.run { bench in
      let id = try ObjectID.volume("a")
      let made = try await bench.withPool { pool in
        let made = try await pool.create(id, size: 4096 * 3)
        #expect(
          made
            == PoolObject(
              id: id, path: "\(bench.directory)/volumes/\(id).img", size: 12288, content: .empty,
              parameters: ["allocation": "thin"]))
        return made
      }
      #expect(try Files.status(made.path)?.size == 12288)
      #expect(try Files.status(made.path)?.mode == 0o600)
      #expect(try allocated(made.path) == 0)
      #expect(try bench.files() == ["volumes/\(id).img", "volumes/\(id).json"])
      try await bench.withPool { pool in
        #expect(try await pool.volume(id, deadline: .ample) == made)
        #expect(try await pool.volumes(deadline: .ample) == [made])
        #expect(try await pool.create(id, size: 12288, allocation: "thin") == made)
        try await pool.delete(id)
        try await pool.delete(id)
        #expect(try await pool.volume(id, deadline: .ample) == nil)
        #expect(try await pool.volumes(deadline: .ample) == [])
      }
      #expect(try bench.files() == [])
    }
  }

  @Test("Of several volumes those are read that are complete, and names are listed without reading")
  func several() async throws {
    try await PoolGround.directory.run { bench in
      try await bench.withPool { pool in
        let ids = try "abcd".map { try ObjectID.volume($0) }
        let a = try await pool.create(ids[0])
        _ = try await pool.create(ids[1])
        let directory = "\(bench.directory)/volumes"
        try Files.replaceDurably("\(directory)/\(ids[2]).half", with: [], mode: 0o600)
        // Damage: the others are read all the same, and it is not lost from the names.
        try Files.unlink("\(directory)/\(ids[1]).img")
        #expect(try await pool.volumeIDs(deadline: .ample) == [ids[0], ids[1]])
        let found = try await pool.volumes(ids, deadline: .ample)
        #expect(found.keys.sorted() == ids)
        #expect(try found[ids[0]]?.get() == a)
        #expect(try await code { _ = try found[ids[1]]?.get() } == .broken)
        for id in ids[2...] { #expect(try found[id]?.get() == .some(nil)) }
      }
    }
  }

  @Test("A volume of the same name that is anything else is refused and left as it is")
  func different() async throws {
    try await PoolGround.directory.run { bench in
      try await bench.withPool { pool in
        let (id, other) = (try ObjectID.volume("a"), try ObjectID.volume("b"))
        let made = try await pool.create(id)
        try await pool.create(other)
        #expect(try await code { try await pool.create(id, size: 1 << 21) } == .alreadyExists)
        #expect(
          try await code { try await pool.create(id, from: .volume(other)) } == .alreadyExists)
        #expect(try await code { try await pool.create(id, allocation: "full") } == .alreadyExists)
        #expect(try await pool.volume(id, deadline: .ample) == made)
      }
    }
  }

  @Test("A full volume has its blocks", arguments: PoolGround.possible)
  func full(ground: PoolGround) async throws {
    try await ground.run { bench in
      try await bench.withPool { pool in
        let made = try await pool.create(try .volume("a"), size: 8 << 20, allocation: "full")
        #expect(try allocated(made.path) >= 8 << 20)
        #expect(try Files.status(made.path)?.size == 8 << 20)
        let grown = try await pool.expandVolume(made.id, toSize: 12 << 20, deadline: .ample)
        #expect(try allocated(grown.path) >= 12 << 20)
        #expect(try Files.status(made.path)?.size == 12 << 20)
      }
    }
  }

  @Test(
    "A snapshot keeps what the source held, also when the source changes, grows and goes",
    arguments: PoolGround.possible)
  func snapshot(ground: PoolGround) async throws {
    try await ground.run { bench in
      try await bench.withPool { pool in
        let (id, copy, snapshot) = (
          try ObjectID.volume("a"), try ObjectID.volume("b"), try ObjectID.snapshot("s")
        )
        let source = try await pool.create(id, size: 8 << 20)
        try write("old", to: source.path, at: 4 << 20)
        let taken = try await pool.snapshot(snapshot, of: id)
        #expect(
          (taken.id, taken.source, taken.size, taken.isReady) == (snapshot, id, 8 << 20, true))
        #expect(taken.takenAt > 1_700_000_000_000_000_000)
        #expect(pool.needsQuietSource == (ground != .xfs))
        try write("new", to: source.path, at: 4 << 20)
        _ = try await pool.expandVolume(id, toSize: 9 << 20, deadline: .ample)
        #expect(try await pool.snapshot(snapshot, of: id) == taken)
        #expect(try await code { try await pool.snapshot(snapshot, of: copy) } == .alreadyExists)
        try await pool.delete(id)
        let restored = try await pool.create(copy, size: 10 << 20, from: .snapshot(snapshot))
        #expect(restored.content == .snapshot(snapshot))
        #expect(try read(restored.path, at: 4 << 20, count: 5) == "old\0\0")
        #expect(try Files.status(restored.path)?.size == 10 << 20)
        // Holes are not written: one page, or what the file system takes for it.
        #expect(try allocated(restored.path) < 1 << 20)
        #expect(try await pool.snapshot(snapshot, deadline: .ample) == taken)
        try await pool.delete(snapshot)
        #expect(try read(restored.path, at: 4 << 20, count: 3) == "old")
        #expect(try await pool.snapshot(snapshot, deadline: .ample) == nil)
      }
    }
  }

  @Test("A clone and its source go their own ways", arguments: PoolGround.possible)
  func clone(ground: PoolGround) async throws {
    try await ground.run { bench in
      try await bench.withPool { pool in
        let source = try await pool.create(try .volume("a"))
        try write("one", to: source.path, at: 0)
        let clone = try await pool.create(
          try .volume("b"), from: .volume(source.id), allocation: "full")
        try write("two", to: clone.path, at: 0)
        #expect(try read(source.path, at: 0, count: 3) == "one")
        #expect(try read(clone.path, at: 0, count: 3) == "two")
        #expect(try allocated(clone.path) >= 1 << 20)
        #expect(
          try await code {
            try await pool.create(try .volume("c"), from: .volume(try .volume("d")))
          }
            == .notFound)
        #expect(
          try await code {
            try await pool.create(try .volume("c"), size: 4096, from: .volume(source.id))
          } == .invalid)
        #expect(try await pool.volumeIDs() == [source.id, clone.id])
      }
    }
  }

  @Test("A long copy tells how far it is, and all of it arrives")
  func progress() async throws {
    try await PoolGround.directory.run { bench in
      try await bench.withPool { pool in
        let size: Int64 = 40 << 20
        let source = try await pool.create(try .volume("a"), size: size)
        for offset in stride(from: Int64(0), to: size, by: 1 << 20) {
          try write("\(offset)", to: source.path, at: offset)
        }
        let told = Told()
        let clone = try await pool.create(
          try .volume("b"), size: size, from: .volume(source.id)
        ) { told.add($0, $1) }
        for offset in stride(from: Int64(0), to: size, by: 1 << 20) {
          let text = "\(offset)"
          #expect(try read(clone.path, at: offset, count: text.utf8.count) == text)
        }
        #expect(told.all.last?.done == size)
        #expect(told.all.allSatisfy { $0.total == size })
        #expect(told.all.map(\.done) == told.all.map(\.done).sorted())
      }
    }
  }

  @Test("A copy of a source that is written to meanwhile is refused, and nothing is left")
  func unquiet() async throws {
    try await PoolGround.directory.run { bench in
      try await bench.withPool { pool in
        let source = try await pool.create(try .volume("a"))
        try write("one", to: source.path, at: 0)
        let before = try bench.files()
        let found = try await code {
          try await pool.create(try .volume("b"), from: .volume(source.id)) { done, total in
            // The clock of files has ticks.
            for _ in 0..<2 {
              try? write("two", to: source.path, at: 4096)
              var pause = timespec(tv_sec: 0, tv_nsec: 20_000_000)
              unsafe nanosleep(&pause, nil)
            }
          }
        }
        #expect(found == .inUse)
        #expect(try bench.files() == before)
      }
    }
  }

  @Test("What is asked for too late is not done, and nothing is left")
  func late() async throws {
    try await PoolGround.directory.run { bench in
      try await bench.withPool { pool in
        try await pool.checkHealth(isKnown: false, deadline: .ample)
        #expect(
          try await code { try await pool.create(try .volume("a"), deadline: .now - .seconds(1)) }
            == .timedOut)
        #expect(try bench.files() == [])
      }
    }
  }

  @Test("A volume grows to the byte, again is fine, and never shrinks")
  func expand() async throws {
    try await PoolGround.directory.run { bench in
      try await bench.withPool { pool in
        let id = try ObjectID.volume("a")
        let made = try await pool.create(id)
        try write("kept", to: made.path, at: 0)
        for _ in 0..<2 {
          let grown = try await pool.expandVolume(id, toSize: 5 << 20, deadline: .ample)
          #expect(grown.size == 5 << 20)
        }
        #expect(try Files.status(made.path)?.size == 5 << 20)
        #expect(try read(made.path, at: 0, count: 4) == "kept")
        let volume = try await pool.volume(id, deadline: .ample)
        #expect(volume?.size == 5 << 20)
        for size in [Int64(1 << 20), (5 << 20) + 1, 0, -4096, .max] {
          #expect(
            try await code { _ = try await pool.expandVolume(id, toSize: size, deadline: .ample) }
              == .invalid, "\(size)")
        }
        #expect(
          try await code {
            _ = try await pool.expandVolume(try .volume("b"), toSize: 4096, deadline: .ample)
          } == .notFound)
      }
    }
  }

  @Test(
    "Sizes are multiples of 4096",
    arguments: [
      (Int64(-1), Int64?(4096)), (0, 4096), (1, 4096), (4096, 4096), (4097, 8192),
      (11_005_853_696, 11_005_853_696), (.max, nil),
    ])
  func sizes(bytes: Int64, size: Int64?) throws {
    let pool = try FilePool(FilePoolConfiguration(directory: "/tmp/none"), owner: .ours)
    #expect(pool.size(holding: bytes) == size)
  }

  @Test("Only parameters that it knows are taken")
  func parameters() async throws {
    let pool = try FilePool(FilePoolConfiguration(directory: "/tmp/none"), owner: .ours)
    try pool.check(parameters: [:])
    try pool.check(parameters: ["allocation": "full"])
    #expect(try await code { try pool.check(parameters: ["allocation": "thick"]) } == .invalid)
    let error = #expect(throws: BackendError.self) {
      try pool.check(parameters: ["alocation": "full"])
    }
    #expect(error?.code == .invalid)
    #expect(error?.message.contains("'alocation'") == true)
  }

  @Test("1500 GiB cost as little as nothing where they may be promised")
  func large() async throws {
    try await PoolGround.directory.run { bench in
      try await bench.withPool(bench.configuration(overcommit: 1000)) { pool in
        let made = try await pool.create(try .volume("a"), size: 1500 << 30)
        #expect(try Files.status(made.path)?.size == 1500 << 30)
        try await pool.snapshot(try .snapshot("s"), of: made.id)
        #expect(try await pool.volumeIDs() == [made.id])
      }
    }
  }
}

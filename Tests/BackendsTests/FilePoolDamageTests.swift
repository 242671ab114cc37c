import Linux
import Testing

@testable import Backends

@Suite("File pool, damage", .serialized)
struct FilePoolDamageTests {
  /// What happens to volume `a`; volume `b` is well.
  enum Damage: String, CaseIterable, Sendable {
    case emptyRecord, flippedBit, foreignRecord, longRecord, recordGone, imageGone, imageShort
    case imageLong, imageIsLink, imageIsDirectory, unknownFormat

    func strike(_ bench: Bench) async throws {
      let id = try ObjectID.volume("a")
      let (image, record) = (
        "\(bench.directory)/volumes/\(id).img", "\(bench.directory)/volumes/\(id).json"
      )
      var bytes = try Files.read(record, limit: 1000)
      switch self {
      case .emptyRecord: bytes = []
      case .flippedBit:
        let index = try #require(bytes.firstIndex(of: UInt8(ascii: "1")))
        bytes[index] ^= 2
      case .foreignRecord:
        bytes = try Files.read(
          "\(bench.directory)/volumes/\(try ObjectID.volume("b")).json", limit: 1000)
      case .longRecord: bytes += [UInt8](repeating: UInt8(ascii: " "), count: 1 << 14)
      case .unknownFormat:
        bytes = Array(
          String(decoding: bytes, as: UTF8.self).replacing("\"format\":1", with: "\"format\":2")
            .utf8)
      case .recordGone: return _ = try Files.unlink(record)
      case .imageGone: return _ = try Files.unlink(image)
      case .imageShort: return try await bench.run("truncate", "-s", "4096", image)
      case .imageLong: return try await bench.run("truncate", "-s", "2M", image)
      case .imageIsLink:
        try Files.renameDurably(image, to: "\(bench.root)/target")
        return try Files.symbolicLink(at: image, to: "\(bench.root)/target")
      case .imageIsDirectory:
        try Files.unlink(image)
        return try Files.makeDirectories(image, mode: 0o700)
      }
      try Files.replaceDurably(record, with: bytes, mode: 0o600)
    }
  }

  @Test(
    "What is damaged is told and left alone, and keeps its place; other volumes go on",
    arguments: Damage.allCases)
  func damage(damage: Damage) async throws {
    try await PoolGround.directory.run { bench in
      try await bench.withPool { pool in
        let (a, b) = (try ObjectID.volume("a"), try ObjectID.volume("b"))
        try await pool.create(a)
        let well = try await pool.create(b)
        try await damage.strike(bench)
        // What was being written of it, when it was damaged, may be all that says what it was.
        try Files.replaceDurably(
          "\(bench.directory)/volumes/\(a).json.half", with: [1], mode: 0o600)
        let before = try bench.files()
        let found = try await pool.volumes([a, b], deadline: .ample)
        #expect(try found[b]?.get() == well)
        #expect(try await pool.volumeIDs(deadline: .ample) == [a, b])
        for attempt in [
          { _ = try found[a]?.get() },
          { _ = try await pool.volume(a, deadline: .ample) },
          { try await pool.create(a) },
          { try await pool.create(try .volume("c"), from: .volume(a)) },
          { try await pool.snapshot(try .snapshot("s"), of: a) },
          { _ = try await pool.expandVolume(a, toSize: 2 << 20, deadline: .ample) },
          { try await pool.delete(a) },
        ] as [() async throws -> Void] {
          do {
            try await attempt()
            Issue.record("it went well")
          } catch let error as BackendError {
            #expect(error.code == .broken, "\(error)")
            #expect(error.message.contains(a.description), "\(error)")
          }
        }
        #expect(try await pool.leftovers(deadline: .ample) == [])
        for what in ["record that was being written", "image file that was being made"] {
          try await pool.remove(Leftover(id: a, what: what), deadline: .ample)
        }
        #expect(try bench.files() == before)
        #expect(try await pool.volume(b, deadline: .ample) == well)
        _ = try await pool.expandVolume(b, toSize: 2 << 20, deadline: .ample)
        try await pool.create(try .volume("c"), size: 2 << 20, from: .volume(b))
        try await pool.delete(b)
      }
    }
  }

  @Test("What a damaged volume takes is promised to nobody", .enabled(if: PoolGround.canMount))
  func room() async throws {
    try await PoolGround.tmpfs.run { bench in
      try await bench.withPool { pool in
        let a = try ObjectID.volume("a")
        try await pool.create(a, size: 20 << 20)
        let before = try await pool.capacity(deadline: .ample).available
        try Files.replaceDurably("\(bench.directory)/volumes/\(a).json", with: [1], mode: 0o600)
        #expect(try await pool.capacity(deadline: .ample).available == before)
        #expect(
          try await code { try await pool.create(try .volume("b"), size: 20 << 20) } == .exhausted)
      }
      // Nor in another life, which has to measure anew.
      try await bench.withPool { (pool) async throws in
        #expect(
          try await code { try await pool.create(try .volume("b"), size: 20 << 20) } == .exhausted)
      }
    }
  }

  @Test("A damaged snapshot keeps no other from being made, and is left alone")
  func snapshots() async throws {
    try await PoolGround.directory.run { bench in
      try await bench.withPool { pool in
        let (a, s, t) = (
          try ObjectID.volume("a"), try ObjectID.snapshot("s"), try ObjectID.snapshot("t")
        )
        try await pool.create(a)
        try await pool.snapshot(s, of: a)
        try Files.replaceDurably("\(bench.directory)/snapshots/\(s).json", with: [1], mode: 0o600)
        let before = try bench.files()
        #expect(try await code { _ = try await pool.snapshot(s, deadline: .ample) } == .broken)
        #expect(try await code { try await pool.snapshot(s, of: a) } == .broken)
        #expect(try await code { try await pool.delete(s) } == .broken)
        #expect(try await pool.leftovers(deadline: .ample) == [])
        #expect(try bench.files() == before)
        let taken = try await pool.snapshot(t, of: a)
        #expect(try await pool.snapshot(t, deadline: .ample) == taken)
      }
    }
  }

  @Test(
    "A record with any one bit changed is broken, or says the same of another size that its image has not"
  )
  func bitFlips() throws {
    let id = try ObjectID.volume("a")
    let record = ImageRecord(
      id: id, size: 4096,
      origin: .volume(.snapshot(try .snapshot("s")), allocation: .thin))
    #expect(try ImageRecord(record.bytes, of: id) == record)
    for bit in 0..<(record.bytes.count * 8) {
      var bytes = record.bytes
      bytes[bit / 8] ^= 1 << (bit % 8)
      if let read = try? ImageRecord(bytes, of: id) {
        // No checksum: a size is held against the image, and a name of a source is only told.
        #expect(read.size != record.size || read.copiedFrom != record.copiedFrom)
      }
    }
  }

  @Test("Records are written in one form")
  func form() throws {
    let (a, s) = (try ObjectID.volume("a"), try ObjectID.snapshot("s"))
    var volume = ImageRecord(id: a, size: 4096, origin: .volume(.snapshot(s), allocation: .full))
    volume.growingTo = 8192
    let snapshot = ImageRecord(id: s, size: 4096, origin: .snapshot(of: a, takenAt: 7))
    #expect(
      String(decoding: volume.bytes, as: UTF8.self)
        == "{\"allocation\":\"full\",\"format\":1,\"growingTo\":8192,\"id\":\"\(a)\",\"size\":4096,"
        + "\"source\":\"\(s)\"}\n")
    #expect(
      String(decoding: snapshot.bytes, as: UTF8.self)
        == "{\"format\":1,\"id\":\"\(s)\",\"size\":4096,\"source\":\"\(a)\",\"takenAt\":7}\n")
    #expect(try ImageRecord(volume.bytes, of: a) == volume)
    #expect(try ImageRecord(snapshot.bytes, of: s) == snapshot)
  }
}

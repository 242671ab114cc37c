import Glibc
import Linux
import Testing

@testable import Backends

@Suite("File pool, health", .serialized)
struct FilePoolHealthTests {
  private func health(
    _ bench: Bench, _ configuration: FilePoolConfiguration? = nil, owner: PoolOwner = .ours
  ) async throws -> BackendError? {
    try await bench.withPool(configuration, owner: owner) { pool in
      do throws(BackendError) { try await pool.checkHealth(isKnown: false, deadline: .ample) } catch
      {
        return error
      }
      return nil
    }
  }

  @Test("An empty directory becomes ours, and says so", arguments: PoolGround.possible)
  func fresh(ground: PoolGround) async throws {
    try await ground.run { bench in
      // What an earlier life, or mkfs.ext4, left.
      for name in ["lost+found", "volumes"] {
        try Files.makeDirectories("\(bench.directory)/\(name)", mode: 0o700)
      }
      for _ in 0..<2 { #expect(try await health(bench) == nil) }
      let mark = try Files.read("\(bench.directory)/nvmeof-csi-pool.json", limit: 1000)
      #expect(
        String(decoding: mark, as: UTF8.self)
          == "{\"cluster\":\"test\",\"driver\":\"nvmeof.csi.dev\",\"format\":1}\n")
      #expect(
        try Files.names(inDirectory: bench.directory)
          == ["lost+found", "nvmeof-csi-pool.json", "snapshots", "volumes"])
    }
  }

  @Test(
    "A directory with anything in it is somebody else's, and nothing is put there",
    arguments: ["etc", "volumes/nv-x.img", "nvmeof-csi-pool.json.old"])
  func foreign(name: String) async throws {
    try await PoolGround.directory.run { bench in
      let path = "\(bench.directory)/\(name)"
      try Files.makeDirectories(
        String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]), mode: 0o700)
      try Files.replaceDurably(path, with: [1], mode: 0o600)
      let before = try Files.names(inDirectory: bench.directory)
      #expect(try await health(bench)?.code == .notOurs)
      #expect(try Files.names(inDirectory: bench.directory) == before)
    }
  }

  @Test("Another cluster's or driver's pool is refused by name")
  func otherOwner() async throws {
    try await PoolGround.directory.run { bench in
      #expect(try await health(bench) == nil)
      for owner in [
        PoolOwner(driver: "nvmeof.csi.dev", cluster: "b"), PoolOwner(driver: "b", cluster: "test"),
      ] {
        let error = try await health(bench, owner: owner)
        #expect(error?.code == .notOurs)
        #expect(error?.message.contains("'\(owner.cluster)'") == true)
      }
    }
  }

  @Test(
    "A damaged mark is told, and not written anew",
    arguments: ["", "{}", "{\"cluster\":\"test\",\"driver\":\"nvmeof.csi.dev\",\"format\":2}\n"])
  func damagedMark(text: String) async throws {
    try await PoolGround.directory.run { bench in
      #expect(try await health(bench) == nil)
      let path = "\(bench.directory)/nvmeof-csi-pool.json"
      try Files.replaceDurably(path, with: Array(text.utf8), mode: 0o600)
      #expect(try await health(bench)?.code == .broken)
      #expect(try Files.read(path, limit: 1000) == Array(text.utf8))
    }
  }

  @Test("A pool whose directory, mark or file system goes is unavailable, and is not begun anew")
  func vanished() async throws {
    try await PoolGround.directory.run { bench in
      try await bench.withPool { pool in
        let made = try await pool.create(try .volume("a"))
        func expectUnavailable() async throws {
          #expect(
            try await code { try await pool.checkHealth(isKnown: false, deadline: .ample) }
              == .unavailable)
          #expect(try await code { try await pool.create(try .volume("b")) } == .unavailable)
          #expect(try await code { _ = try await pool.volumes(deadline: .ample) } == .unavailable)
          #expect(try await code { try await pool.delete(made.id) } == .unavailable)
        }
        // Elsewhere, and an empty directory in its place: as when a mount is gone.
        try Files.renameDurably(bench.directory, to: "\(bench.root)/elsewhere")
        try await expectUnavailable()
        try Files.makeDirectories(bench.directory, mode: 0o700)
        try await expectUnavailable()
        #expect(try Files.names(inDirectory: bench.directory) == [])
        try Files.removeDirectory(bench.directory)
        try Files.renameDurably("\(bench.root)/elsewhere", to: bench.directory)
        #expect(try await pool.volumes(deadline: .ample) == [made])
        let mark = "\(bench.directory)/nvmeof-csi-pool.json"
        try Files.renameDurably(mark, to: "\(bench.root)/mark")
        try await expectUnavailable()
        try Files.renameDurably("\(bench.root)/mark", to: mark)
        #expect(try await pool.volumes(deadline: .ample) == [made])
      }
    }
  }

  @Test("A pool that comes later works then")
  func later() async throws {
    try await PoolGround.directory.run { bench in
      try Files.removeDirectory(bench.directory)
      try await bench.withPool { pool in
        #expect(pool.needsQuietSource)
        #expect(
          try await code { try await pool.checkHealth(isKnown: false, deadline: .ample) }
            == .unavailable)
        try Files.makeDirectories(bench.directory, mode: 0o700)
        try await pool.checkHealth(isKnown: false, deadline: .ample)
      }
    }
  }

  @Test("A pool that is known to have volumes is not begun anew in an empty directory")
  func known() async throws {
    try await PoolGround.directory.run { bench in
      try await bench.withPool { (pool) async throws in
        for _ in 0..<2 {
          #expect(
            try await code { try await pool.checkHealth(isKnown: true, deadline: .ample) }
              == .unavailable)
        }
        #expect(try await code { try await pool.create(try .volume("a")) } == .unavailable)
        #expect(try Files.names(inDirectory: bench.directory) == [])
      }
    }
  }

  @Test("A pool has one process at a time")
  func locked() async throws {
    try await PoolGround.directory.run { bench in
      try await bench.withPool { pool in
        try await pool.checkHealth(isKnown: false, deadline: .ample)
        let error = try await health(bench)
        #expect(error?.code == .unavailable)
        #expect(error?.message.hasSuffix("another process is using it") == true)
      }
      #expect(try await health(bench) == nil)
    }
  }

  @Test(
    "A directory that must be a mount point is refused when it is none",
    arguments: PoolGround.possible)
  func mountPoint(ground: PoolGround) async throws {
    try await ground.run { bench in
      var configuration = bench.configuration()
      configuration.mustBeMountPoint = true
      let error = try await health(bench, configuration)
      #expect(error?.code == (ground == .directory ? .unavailable : nil))
      if ground == .directory { #expect(try Files.names(inDirectory: bench.directory) == []) }
    }
  }

  @Test(
    "A read-only file system still shows what it has, and takes nothing",
    .enabled(if: PoolGround.canMount), arguments: [PoolGround.xfs, .tmpfs])
  func readOnly(ground: PoolGround) async throws {
    try await ground.run { bench in
      try await bench.withPool { pool in
        let made = try await pool.create(try .volume("a"))
        try await bench.run("mount", "-o", "remount,ro", bench.directory)
        #expect(try await pool.volumes(deadline: .ample) == [made])
        #expect(
          try await code { try await pool.checkHealth(isKnown: false, deadline: .ample) }
            == .unavailable)
        #expect(try await code { try await pool.create(try .volume("b")) } == .unavailable)
        #expect(try await code { try await pool.delete(made.id) } == .unavailable)
        #expect(try await code { _ = try await pool.capacity(deadline: .ample) } == .unavailable)
        try await bench.run("mount", "-o", "remount,rw", bench.directory)
        try await pool.delete(made.id)
      }
    }
  }

  @Test(
    "No symbolic link is followed, and what it leads to stays",
    arguments: ["volumes", "snapshots", "nvmeof-csi-pool.json"])
  func links(name: String) async throws {
    try await PoolGround.directory.run { bench in
      #expect(try await health(bench) == nil)
      let path = "\(bench.directory)/\(name)"
      try Files.renameDurably(path, to: "\(bench.root)/target")
      try Files.symbolicLink(at: path, to: "\(bench.root)/target")
      let before = try Files.status("\(bench.root)/target")
      #expect(try await health(bench) != nil)
      #expect(try Files.status("\(bench.root)/target") == before)
    }
  }

  @Test("Files without our naming are nobody's business")
  func otherFiles() async throws {
    try await PoolGround.directory.run { bench in
      let id = try ObjectID.volume("a")
      try await bench.withPool { pool in
        try await pool.checkHealth(isKnown: false, deadline: .ample)
        let names = [
          "notes.txt", "nv-short.img", "\(id).img.bak", "\(try ObjectID.snapshot("s")).half",
        ]
        for name in names {
          try Files.replaceDurably("\(bench.directory)/volumes/\(name)", with: [1], mode: 0o600)
        }
        #expect(try await pool.volumes(deadline: .ample) == [])
        #expect(try await pool.leftovers(deadline: .ample) == [])
        try await pool.create(id)
        try await pool.delete(id)
        #expect(try Files.names(inDirectory: "\(bench.directory)/volumes") == names.sorted())
      }
    }
  }

  @Test(
    "Configurations that cannot work are refused",
    arguments: [
      FilePoolConfiguration(directory: "pool"), FilePoolConfiguration(directory: "/"),
      FilePoolConfiguration(directory: "/p", overcommit: 0.5),
      FilePoolConfiguration(directory: "/p", overcommit: .nan),
      FilePoolConfiguration(directory: "/p", overcommit: .infinity),
    ])
  func configuration(_ configuration: FilePoolConfiguration) {
    let error = #expect(throws: BackendError.self) { try FilePool(configuration, owner: .ours) }
    #expect(error?.code == .invalid)
  }
}

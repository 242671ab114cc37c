import GRPC
import Glibc
import Testing

@Suite("A server's socket file", .timeLimit(.minutes(1)))
struct SocketFileTests {
  @Test("is its owner's alone, with a lock beside it, and goes with the server")
  func modeAndCleanup() async throws {
    try await withTemporaryDirectory { directory in
      let path = "\(directory)/csi.sock"
      try await withServer(at: .unix(path: path)) { _ in
        #expect(status(of: path)?.st_mode == S_IFSOCK | 0o600)
        #expect(names(in: directory) == ["csi.sock", "csi.sock.lock"])
      }
      #expect(names(in: directory) == [])
    }
  }

  @Test("takes connections before the server runs")
  func beforeRun() async throws {
    try await withTemporaryDirectory { directory in
      let address = Address.unix(path: "\(directory)/csi.sock")
      let server = try Server(.init(address: address), methods: [echo])
      try await Client.with(address) { client in
        async let answer = outcome(of: client, echo.path, [1])
        try await Task.sleep(for: .milliseconds(50))
        async let running: Void = server.run()
        #expect(await answer == .success([1]))
        server.shutDown()
        await running
      }
    }
  }

  @Test("replaces one that nobody listens on")
  func stale() async throws {
    try await withTemporaryDirectory { directory in
      let path = "\(directory)/csi.sock"
      try Listener(path).close()
      #expect(names(in: directory) == ["csi.sock"])
      try await expectServes(at: path)
      #expect(names(in: directory) == [])
    }
  }

  @Test("replaces what a killed server has left, its staging directory and lock file included")
  func staleStaging() async throws {
    try await withTemporaryDirectory { directory in
      let path = "\(directory)/csi.sock"
      unsafe mkdir("\(directory)/.csi.sock.new", 0o700)
      try Listener("\(directory)/.csi.sock.new/s").close()
      try Listener(path).close()
      makeFile("\(path).lock")
      try await expectServes(at: path)
      #expect(names(in: directory) == [])
    }
  }

  @Test("is refused while another server has it, which goes on serving")
  func secondServer() async throws {
    try await withTemporaryDirectory { directory in
      let path = "\(directory)/csi.sock"
      let address = Address.unix(path: path)
      try await withServer(at: address) { _ in
        #expect(
          throws: ServerError(
            "listen at \(address): another server holds \(path).lock; stop it first")
        ) { _ = try Server(.init(address: address), methods: []) }
        try await Client.with(address) { client in
          #expect(await outcome(of: client, echo.path, [1]) == .success([1]))
        }
      }
      try await expectServes(at: path)
    }
  }

  /// Each round has its own path: a task may let go of its server a moment after the group has
  /// ended, and the path is free only then.
  @Test("of two servers that start at once, one gets it")
  func race() async throws {
    try await withTemporaryDirectory { directory in
      for round in 0..<20 {
        let address = Address.unix(path: "\(directory)/\(round).sock")
        let servers = await withTaskGroup(of: Server?.self) { group in
          for _ in 0..<4 {
            group.addTask { try? Server(.init(address: address), methods: [echo]) }
          }
          return await group.reduce(into: []) { servers, server in
            if let server { servers.append(server) }
          }
        }
        #expect(servers.count == 1)
      }
      for _ in 0..<500 where names(in: directory) != [] {
        try await Task.sleep(for: .milliseconds(10))
      }
      #expect(names(in: directory) == [])
    }
  }

  @Test("is refused while a listener that knows no lock has it, which keeps it")
  func foreignListener() async throws {
    try await withTemporaryDirectory { directory in
      let path = "\(directory)/csi.sock"
      let listener = try Listener(path)
      defer { listener.close() }
      expectRefusal(at: path, "another server answers there; stop it first")
      #expect(names(in: directory) == ["csi.sock"])
      try Peer(path).close()
    }
  }

  @Test("is refused while a listener with a full backlog has it")
  func fullBacklog() async throws {
    try await withTemporaryDirectory { directory in
      let path = "\(directory)/csi.sock"
      let listener = try Listener(path, backlog: 0)
      defer { listener.close() }
      let first = try Peer(path)
      defer { first.close() }
      expectRefusal(at: path, "another server answers there; stop it first")
    }
  }

  @Test(
    "does not take the place of anything else",
    arguments: ["regular", "directory", "link", "fifo"])
  func notASocket(kind: String) async throws {
    try await withTemporaryDirectory { directory in
      let path = "\(directory)/\(kind)"
      switch kind {
      case "regular": makeFile(path)
      case "directory": unsafe mkdir(path, 0o700)
      case "fifo": unsafe mkfifo(path, 0o600)
      default:
        try Listener("\(directory)/dead").close()
        unsafe symlink("\(directory)/dead", path)
      }
      let before = try #require(status(of: path))
      expectRefusal(
        at: path, "there is something that is not a socket; remove it or choose another path")
      #expect(status(of: path)?.st_ino == before.st_ino)
      #expect(names(in: directory).filter { $0 != "dead" } == [kind])
    }
  }

  @Test("may have a path of 107 bytes and not of 108")
  func pathLength() async throws {
    try await withTemporaryDirectory { directory in
      let longest = "\(directory)/" + String(repeating: "s", count: 107 - directory.utf8.count - 1)
      try await expectServes(at: longest)
      expectRefusal(
        at: longest + "s",
        "the path has 108 bytes, and a socket's may have at most 107; choose a shorter one")
      #expect(names(in: directory) == [])
    }
  }

  @Test("may have any characters in its path", arguments: ["a b", "50%41", "ü", "?x=#y", "a:b"])
  func characters(name: String) async throws {
    try await withTemporaryDirectory { try await expectServes(at: "\($0)/\(name)") }
  }

  @Test("needs a directory that exists and can be written")
  func noDirectory() async {
    await withTemporaryDirectory { directory in
      let path = "\(directory)/none/csi.sock"
      expectRefusal(at: path, "open \(path).lock: No such file or directory")
      expectRefusal(at: "\(directory)/", "the path names no file")
    }
  }

  @Test("that somebody has put another file in place of is left alone")
  func replacedMeanwhile() async throws {
    try await withTemporaryDirectory { directory in
      let path = "\(directory)/csi.sock"
      try await withServer(at: .unix(path: path)) { _ in
        unsafe unlink(path)
        makeFile(path)
      }
      #expect(names(in: directory) == ["csi.sock"])
    }
  }

  private func expectServes(
    at path: String, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    try await withServer(at: .unix(path: path)) { _ in
      try await Client.with(.unix(path: path)) { client in
        let answer = await outcome(of: client, echo.path, [1])
        #expect(answer == .success([1]), sourceLocation: sourceLocation)
      }
    }
  }

  private func expectRefusal(
    at path: String, _ reason: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(
      throws: ServerError("listen at unix://\(path): \(reason)"), sourceLocation: sourceLocation
    ) { _ = try Server(.init(address: .unix(path: path)), methods: [echo]) }
  }
}

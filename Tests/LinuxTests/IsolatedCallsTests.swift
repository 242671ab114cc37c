import Glibc
import Synchronization
import SystemPackage
import Testing

@testable import Linux

/// Serialized, for the sake of their times.
@Suite(.serialized, .timeLimit(.minutes(2))) struct IsolatedCallsTests {
  private func soon(_ milliseconds: Int = 10_000) -> ContinuousClock.Instant {
    .now + .milliseconds(milliseconds)
  }

  @Test("statfs answers what the same call in this process answers")
  func answers() async throws {
    var expected = statvfs()
    #expect(unsafe statvfs("/dev", &expected) == 0)
    let found = try await IsolatedCalls().statistics(of: "/dev", deadline: soon())
    #expect(found.blockSize == UInt64(expected.f_frsize))
    #expect(found.blocks == UInt64(expected.f_blocks))
    #expect(found.inodes == UInt64(expected.f_files))
    #expect(!found.readOnly)
  }

  @Test("A call that fails names itself, its path and the kernel's reason")
  func failure() async throws {
    await #expect(
      throws: IsolatedCallError.failed(
        SystemCallError(call: "statfs", subject: "/none", errno: .noSuchFileOrDirectory))
    ) { try await IsolatedCalls().statistics(of: "/none", deadline: soon()) }
    await #expect(
      throws: IsolatedCallError.failed(
        SystemCallError(call: "statfs", subject: "/\0", errno: .invalidArgument))
    ) { try await IsolatedCalls().statistics(of: "/\0", deadline: soon()) }
  }

  @Test("An attribute gets its value in one write, and is never created")
  func attribute() async throws {
    let path = "/tmp/isolated-attribute-\(getpid())"
    await #expect(
      throws: IsolatedCallError.failed(
        SystemCallError(call: "open", subject: path, errno: .noSuchFileOrDirectory))
    ) { try await IsolatedCalls().set(attribute: path, to: "600", deadline: soon()) }
    try Files.replaceDurably(path, with: Array("0000\n".utf8), mode: 0o600)
    defer { _ = try? Files.unlink(path) }
    try await IsolatedCalls().set(attribute: path, to: "600", deadline: soon())
    #expect(try Files.read(path, limit: 16) == Array("6000\n".utf8))
    await #expect(
      throws: IsolatedCallError.failed(
        SystemCallError(call: "write", subject: "/dev/full", errno: .noSpace))
    ) { try await IsolatedCalls().set(attribute: "/dev/full", to: "600", deadline: soon()) }
  }

  @Test("A directory is asked whether it takes changes, and not changed")
  func writable() async throws {
    // Who may not use trusted attributes, in a container for instance, learns nothing and does no harm.
    let before = try Files.status("/tmp")
    do throws(IsolatedCallError) {
      try await IsolatedCalls().requireWritable(directory: "/tmp", deadline: soon())
    } catch {
      guard case .failed(let failure) = error else { throw error }
      #expect([Errno.notPermitted, .notSupported].contains(failure.errno), "\(failure)")
    }
    #expect(try Files.status("/tmp") == before)
    await #expect(throws: IsolatedCallError.self, "what is there is no directory") {
      try await IsolatedCalls().requireWritable(directory: "/dev/null", deadline: soon())
    }
    await #expect(throws: IsolatedCallError.self, "nobody writes there") {
      try await IsolatedCalls().requireWritable(directory: "/proc", deadline: soon())
    }
  }

  @Test("2,000 calls at once all answer and leave neither a descriptor nor a child")
  func many() async throws {
    let witness = Witness()
    let calls = IsolatedCalls(limit: 64, kill: witness.kill)
    let descriptors = try openDescriptors()
    try await withThrowingTaskGroup(of: UInt64.self) { group in
      for _ in 0..<2000 {
        group.addTask {
          try await calls.statistics(of: "/tmp", deadline: soon(60_000)).blockSize
        }
      }
      var answers = 0
      for try await size in group where size > 0 { answers += 1 }
      #expect(answers == 2000)
    }
    #expect(try await descriptorsReturn(to: descriptors))
    #expect(Set(witness.processIDs).count == 2000)
    #expect(witness.remaining == [])
    #expect(calls.stuck == [])
  }

  @Test("A call that hangs is given up at its deadline, and its process is gone")
  func deadline() async throws {
    try await withFIFO { fifo in
      let witness = Witness()
      let calls = IsolatedCalls(limit: 64, kill: witness.kill)
      let start = ContinuousClock.now
      await #expect(
        throws: IsolatedCallError.deadlineExceeded(call: "scan", subject: fifo, stuck: false)
      ) { try await scan(calls, fifo, deadline: soon(100)) }
      let elapsed = start.duration(to: .now)
      #expect(elapsed >= .milliseconds(100) && elapsed < .seconds(60))
      #expect(calls.stuck == [])
      #expect(witness.processIDs.count == 2 && witness.remaining == [])
    }
  }

  @Test("A call whose deadline has passed is not made")
  func late() async throws {
    let witness = Witness()
    let calls = IsolatedCalls(limit: 64, kill: witness.kill)
    await #expect(
      throws: IsolatedCallError.deadlineExceeded(call: "statfs", subject: "/tmp", stuck: false)
    ) { try await calls.statistics(of: "/tmp", deadline: soon(-1)) }
    #expect(witness.processIDs == [])
  }

  @Test("A child that does not die is accounted, and reaped when it dies at last")
  func stuck() async throws {
    try await withFIFO { fifo in
      let witness = Witness(mayDie: false)
      let calls = IsolatedCalls(limit: 1, kill: witness.kill)
      let start = ContinuousClock.now
      await #expect(
        throws: IsolatedCallError.deadlineExceeded(call: "scan", subject: fifo, stuck: true)
      ) { try await scan(calls, fifo, deadline: soon(100)) }
      let elapsed = start.duration(to: .now)
      #expect(elapsed >= .milliseconds(300) && elapsed < .seconds(60))
      #expect(calls.stuck.map(\.what) == ["scan \(fifo)"])
      #expect(calls.stuck.map(\.processID) == witness.remaining)

      await #expect(throws: IsolatedCallError.tooMany(running: 1)) {
        try await calls.statistics(of: "/tmp", deadline: soon())
      }

      witness.letDie()
      #expect(try await eventually { calls.stuck.isEmpty })
      #expect(witness.remaining == [])
      _ = try await calls.statistics(of: "/tmp", deadline: soon())
    }
  }

  @Test("Calls beyond the limit wait for room, and are refused at their deadline without any")
  func limit() async throws {
    try await withFIFO { fifo in
      let calls = IsolatedCalls(limit: 1)
      await withTaskGroup(of: Void.self) { group in
        group.addTask { _ = try? await scan(calls, fifo, deadline: soon(300)) }
        try? await Task.sleep(for: .milliseconds(100))
        group.addTask {
          await #expect(throws: IsolatedCallError.tooMany(running: 1)) {
            try await calls.statistics(of: "/tmp", deadline: soon(50))
          }
        }
        group.addTask {
          await #expect(throws: Never.self) {
            try await calls.statistics(of: "/tmp", deadline: soon())
          }
        }
      }
    }
  }

  @Test("The child has its result pipe and nothing else, and leads its own group")
  func child() async throws {
    try await withFIFO { fifo in
      let seen = Mutex<[(descriptors: [String]?, group: Bool)]>([])
      let calls = IsolatedCalls(limit: 1) { child in
        let descriptors = try? Files.names(inDirectory: "/proc/\(child)/fd")
        seen.withLock { $0.append((descriptors, getpgid(child) == child)) }
        ChildWatcher.killGroup(child)
      }
      _ = try? await scan(calls, fifo, deadline: soon(200))
      let first = try #require(seen.withLock { $0.first })
      #expect(first.descriptors == ["0"])
      #expect(first.group)
    }
  }

  @Test("A tmpfs is mounted, bound read-only, found in the table, and unmounted")
  func mount() async throws {
    try await withTemporaryDirectory { directory in
      let calls = IsolatedCalls()
      let (one, two) = ("\(directory)/one", "\(directory)/two")
      for path in [one, two] { try Files.makeDirectories(path, mode: 0o700) }
      do {
        try await calls.mount(
          source: "test", target: one, type: "tmpfs", flags: UInt(MS_NODEV), data: "size=64k",
          deadline: soon())
      } catch IsolatedCallError.failed(let error) where error.errno == .notPermitted {
        // Mounting is for root in the initial user namespace.
        return
      }
      #expect(try MountTable.current().mounts(at: one).map(\.source) == ["test"])
      #expect(try await calls.statistics(of: one, deadline: soon()).blocks == 16)
      try await calls.mount(
        source: one, target: two, type: "", flags: UInt(MS_BIND), data: "", deadline: soon())
      try await calls.mount(
        source: "", target: two, type: "", flags: UInt(MS_BIND | MS_REMOUNT | MS_RDONLY), data: "",
        deadline: soon())
      #expect(try await calls.statistics(of: two, deadline: soon()).readOnly)
      #expect(try await !calls.statistics(of: one, deadline: soon()).readOnly)
      for path in [two, one] { try await calls.unmount(path, flags: 0, deadline: soon()) }
      #expect(try MountTable.current().mounts(at: one) == [])
      await #expect(
        throws: IsolatedCallError.failed(
          SystemCallError(call: "umount2", subject: one, errno: .invalidArgument))
      ) { try await calls.unmount(one, flags: 0, deadline: soon()) }
    }
  }

  @Test("Nothing is mounted or unmounted through a symbolic link")
  func links() async throws {
    try await withTemporaryDirectory { directory in
      let calls = IsolatedCalls()
      let target = "\(directory)/real/target"
      try Files.makeDirectories(target, mode: 0o700)
      makeLink("\(directory)/link", to: "real")
      let refused = "\(directory)/link/target"
      for (source, target) in [(directory, refused), (refused, target)] {
        let error = await #expect(throws: IsolatedCallError.self) {
          try await calls.mount(
            source: source, target: target, type: "", flags: UInt(MS_BIND), data: "",
            deadline: soon())
        }
        guard case .failed(let call) = error else { return #expect(Bool(false), "\(error as Any)") }
        #expect(call.errno == .tooManySymbolicLinkLevels)
      }
      await #expect(
        throws: IsolatedCallError.failed(
          SystemCallError(call: "openat2", subject: refused, errno: .tooManySymbolicLinkLevels))
      ) { try await calls.unmount(refused, flags: 0, deadline: soon()) }
    }
  }

  @Test("A scan refuses what is not a block device")
  func notBlock() async throws {
    await #expect(
      throws: IsolatedCallError.failed(
        SystemCallError(call: "open", subject: "/etc/passwd", errno: Errno(rawValue: ENOTBLK)))
    ) { try await scan(IsolatedCalls(), "/etc/passwd", deadline: soon()) }
  }

  @Test("Only a block device is held open, and opening one has a deadline")
  func pin() async throws {
    await #expect(
      throws: IsolatedCallError.failed(
        SystemCallError(call: "open", subject: "/etc/passwd", errno: Errno(rawValue: ENOTBLK)))
    ) {
      try await IsolatedCalls().pin(device: "/etc/passwd", until: soon(), deadline: soon())
    }
    try await withFIFO { fifo in
      await #expect(
        throws: IsolatedCallError.deadlineExceeded(call: "open", subject: fifo, stuck: false)
      ) { try await IsolatedCalls().pin(device: fifo, until: soon(), deadline: soon(100)) }
    }
  }

  @Test("What is open already is written to, wherever its path leads")
  func openAttribute() async throws {
    try await withTemporaryDirectory { directory in
      let path = "\(directory)/attribute"
      try Files.replaceDurably(path, with: [], mode: 0o600)
      let attribute = try Descriptor.open(path, flags: O_WRONLY)
      try Files.unlink(path)
      try Files.replaceDurably(path, with: [], mode: 0o600)
      try await IsolatedCalls().write("1", to: attribute, named: "attribute", deadline: soon())
      #expect(try Files.read(path, limit: 16) == [])
      #expect(try attribute.space().size == 1)
    }
  }

  private func withFIFO(_ body: (String) async throws -> Void) async throws {
    try await withTemporaryDirectory { directory in
      makeFIFO("\(directory)/fifo")
      try await body("\(directory)/fifo")
    }
  }

  /// On a FIFO without a writer its open(2) blocks until it is killed.
  private func scan(
    _ calls: IsolatedCalls, _ path: String, deadline: ContinuousClock.Instant
  ) async throws -> RegionScan {
    try await calls.scan(
      device: path, exclusive: false, edges: 1 << 20, samples: 8, sampleLength: 4096,
      deadline: deadline)
  }
}

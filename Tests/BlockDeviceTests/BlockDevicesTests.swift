import Command
import Linux
import Synchronization
import SystemPackage
import Testing

@testable import BlockDevice

/// With programs and reads that are made up: what is asked, and what follows from each answer.
@Suite("Block devices, faked")
struct BlockDevicesTests {
  static let device = BlockDevice(
    path: "/dev/nvme9n9", number: DeviceNumber(major: 259, minor: 9), size: 1 << 30)
  static let zeros = RegionScan(device: device.number, size: device.size, firstNonZero: nil)
  static let proof = ProvenEmpty(readFrom: zeros)

  /// Reads that give these results in turn, the last for ever.
  private func devices(
    _ runner: FakeRunner, reading scans: Result<RegionScan, IsolatedCallError>...
  ) -> BlockDevices {
    let rest = Ahead(scans.isEmpty ? [.success(Self.zeros)] : scans)
    return BlockDevices(runner: runner, procRoot: "/proc") {
      (_, exclusive, _, _, _) async throws(IsolatedCallError) in
      #expect(exclusive)
      return try rest.next().get()
    }
  }

  private final class Ahead: Sendable {
    private let scans: Mutex<[Result<RegionScan, IsolatedCallError>]>
    init(_ scans: [Result<RegionScan, IsolatedCallError>]) { self.scans = Mutex(scans) }
    func next() -> Result<RegionScan, IsolatedCallError> {
      scans.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
    }
  }

  private func scan(
    minor: UInt32 = 9, size: UInt64 = 1 << 30, firstNonZero: UInt64? = nil
  ) -> Result<RegionScan, IsolatedCallError> {
    .success(
      RegionScan(
        device: DeviceNumber(major: 259, minor: minor), size: size, firstNonZero: firstNonZero))
  }

  private func failure(_ errno: Errno) -> Result<RegionScan, IsolatedCallError> {
    .failure(.failed(SystemCallError(call: "open", subject: Self.device.path, errno: errno)))
  }

  private func code(_ body: () async throws -> Void) async throws -> BlockDeviceError.Code {
    let error = await #expect(throws: BlockDeviceError.self) { try await body() }
    return try #require(error).code
  }

  // MARK: content

  @Test("Empty is what blkid finds nothing on and what reads as zeros before and after")
  func empty() async throws {
    let runner = FakeRunner(.exited(2))
    let content = try await devices(runner).content(of: Self.device, deadline: .ample)
    #expect(content == .empty(Self.proof))
    #expect(runner.commands == [["blkid", "--probe", "--output", "export", "/dev/nvme9n9"]])
  }

  @Test("Any byte that is not zero, before blkid or after it, is data of unknown kind")
  func unknownData() async throws {
    let runner = FakeRunner(.exited(2))
    let before = devices(runner, reading: scan(firstNonZero: 512), scan())
    #expect(
      try await before.content(of: Self.device, deadline: .ample) == .unknownData(offset: 512))
    let after = devices(runner, reading: scan(), scan(firstNonZero: 0))
    #expect(try await after.content(of: Self.device, deadline: .ample) == .unknownData(offset: 0))
  }

  @Test("Zeros do not overrule what blkid found")
  func found() async throws {
    let runner = FakeRunner(.exited(0), output: try fixture("gpt.export"))
    let content = try await devices(runner).content(of: Self.device, deadline: .ample)
    #expect(content == .partitionTable(type: "gpt"))
  }

  @Test("What blkid cannot decide is something, and not empty")
  func ambiguous() async throws {
    for runner in [
      FakeRunner(.exited(8)), FakeRunner(.exited(0)),
      FakeRunner(.exited(0), output: "TYPE=ext4\nTYPE=xfs\nUSAGE=filesystem\n"),
    ] {
      let content = try await devices(runner).content(of: Self.device, deadline: .ample)
      guard case .other = content else {
        Issue.record("\(content)")
        continue
      }
    }
  }

  @Test(
    "A blkid that fails in any other way proves nothing",
    arguments: [
      (.exited(1), ""), (.exited(4), ""), (.exited(2), "TYPE=ext4\n"), (.signaled(11), ""),
    ] as [(CommandOutput.Termination, String)])
  func blkidFails(termination: CommandOutput.Termination, output: String) async throws {
    let runner = FakeRunner(termination, output: output, error: "blkid: out of order\n")
    let error = await #expect(throws: BlockDeviceError.self) {
      try await devices(runner).content(of: Self.device, deadline: .ample)
    }
    #expect(error?.code == .other)
    #expect(error?.message.contains("blkid: out of order") == true)
  }

  @Test("The device is compared and read before blkid: it does not run on another one")
  func comparedBefore() async throws {
    for (scan, expected) in [
      (scan(minor: 8), .wrongDevice), (scan(size: 4096), .wrongSize),
      (failure(.resourceBusy), .inUse), (failure(.ioError), .ioError),
      (failure(.noSuchFileOrDirectory), .ioError), (failure(.notBlockDevice), .wrongDevice),
      (failure(.notPermitted), .refused), (.failure(.tooMany(running: 64)), .ioError),
      (
        .failure(.deadlineExceeded(call: "scan", subject: "/dev/nvme9n9", stuck: true)),
        .deadlineExceeded
      ),
    ] as [(Result<RegionScan, IsolatedCallError>, BlockDeviceError.Code)] {
      let runner = FakeRunner(.exited(2))
      let devices = devices(runner, reading: scan)
      #expect(
        try await code { _ = try await devices.content(of: Self.device, deadline: .ample) }
          == expected)
      #expect(runner.commands.isEmpty)
    }
  }

  @Test("The device is compared and read after blkid: what it found may be another one's")
  func comparedAfter() async throws {
    let runner = FakeRunner(.exited(0), output: try fixture("ext4.export"))
    for (second, expected) in [
      (scan(minor: 8), .wrongDevice), (scan(size: 4096), .wrongSize), (failure(.ioError), .ioError),
    ] as [(Result<RegionScan, IsolatedCallError>, BlockDeviceError.Code)] {
      let devices = devices(runner, reading: scan(), second)
      #expect(
        try await code { _ = try await devices.content(of: Self.device, deadline: .ample) }
          == expected)
    }
  }

  @Test("A device of no size is never empty")
  func noSize() async throws {
    let none = BlockDevice(path: Self.device.path, number: Self.device.number, size: 0)
    let devices = devices(FakeRunner(.exited(2)), reading: scan(size: 0))
    #expect(
      try await code { _ = try await devices.content(of: none, deadline: .ample) } == .wrongSize)
  }

  @Test("What keeps a program from running is told apart")
  func notRun() async throws {
    for (error, expected) in [
      (.notFound(program: "blkid"), .programMissing),
      (.launchFailed(program: "blkid", reason: "no"), .other),
      (.deadlineExceeded(program: "blkid", after: .seconds(1), stuck: true), .deadlineExceeded),
      (.tooMany(running: 64), .ioError), (.notRunning, .ioError),
    ] as [(CommandError, BlockDeviceError.Code)] {
      let devices = devices(FakeRunner(.failure(error)))
      #expect(
        try await code { _ = try await devices.content(of: Self.device, deadline: .ample) }
          == expected)
    }
  }

  // MARK: makeFileSystem

  @Test("mkfs is forced to nothing, discards nothing, and takes the user's options last")
  func makeArguments() async throws {
    let runner = FakeRunner(.exited(0))
    let devices = devices(runner)
    try await devices.makeFileSystem(
      .ext4, on: Self.device, provenBy: Self.proof, options: ["-m", "1"], deadline: .ample)
    try await devices.makeFileSystem(
      .xfs, on: Self.device, provenBy: Self.proof, options: ["-i", "size=1024"], deadline: .ample)
    #expect(
      runner.commands == [
        ["mkfs.ext4", "-q", "-m", "0", "-E", "nodiscard", "-m", "1", "/dev/nvme9n9"],
        ["mkfs.xfs", "-q", "-K", "-i", "size=1024", "/dev/nvme9n9"],
      ])
  }

  @Test("A proof of another device, another size, or that has become untrue formats nothing")
  func makeRefuses() async throws {
    let runner = FakeRunner(.exited(0))
    func make(
      _ device: BlockDevice = Self.device, reading scan: Result<RegionScan, IsolatedCallError>
    ) async throws -> BlockDeviceError.Code {
      try await code {
        try await devices(runner, reading: scan).makeFileSystem(
          .ext4, on: device, provenBy: Self.proof, options: [], deadline: .ample)
      }
    }
    let other = BlockDevice(
      path: Self.device.path, number: DeviceNumber(major: 259, minor: 8), size: 1 << 30)
    let larger = BlockDevice(path: Self.device.path, number: Self.device.number, size: 2 << 30)
    #expect(try await make(other, reading: scan(minor: 8)) == .wrongDevice)
    #expect(try await make(larger, reading: scan(size: 2 << 30)) == .wrongSize)
    #expect(try await make(reading: scan(minor: 8)) == .wrongDevice)
    #expect(try await make(reading: scan(size: 2 << 30)) == .wrongSize)
    #expect(try await make(reading: scan(firstNonZero: 1080)) == .refused)
    #expect(try await make(reading: failure(.resourceBusy)) == .inUse)
    #expect(runner.commands.isEmpty)
  }

  @Test("A format that was cut short is taken up over its own remains, on the same device only")
  func makeResumes() async throws {
    let runner = FakeRunner(.exited(0))
    let proof = ProvenEmpty(resumingFormatOf: Self.device)
    try await devices(runner, reading: scan(firstNonZero: 0)).makeFileSystem(
      .ext4, on: Self.device, provenBy: proof, options: [], deadline: .ample)
    #expect(runner.commands.count == 1)
    let devices = devices(runner, reading: scan(minor: 8, firstNonZero: 0))
    let found = try await code {
      try await devices.makeFileSystem(
        .ext4, on: Self.device, provenBy: proof, options: [], deadline: .ample)
    }
    #expect(found == .wrongDevice)
    #expect(runner.commands.count == 1)
  }

  @Test("An mkfs that says no is quoted")
  func makeFails() async throws {
    let runner = FakeRunner(.exited(1), error: "mkfs.ext4: invalid blocks\n\nUsage: mkfs\n")
    let error = await #expect(throws: BlockDeviceError.self) {
      try await devices(runner).makeFileSystem(
        .ext4, on: Self.device, provenBy: Self.proof, options: [], deadline: .ample)
    }
    #expect(
      error
        == BlockDeviceError(
          code: .refused,
          message: """
            make ext4 on /dev/nvme9n9 (259:9): mkfs.ext4 exited with 1: mkfs.ext4: invalid blocks; \
            Usage: mkfs
            """))
  }

  // MARK: check

  @Test(
    "e2fsck's exit codes",
    arguments: [
      (0, nil), (1, nil), (2, nil), (3, nil), (4, .fileSystemDamaged), (5, .fileSystemDamaged),
      (8, .other), (12, .other), (16, .other), (32, .other), (128, .other),
    ] as [(Int32, BlockDeviceError.Code?)])
  func check(exit: Int32, expected: BlockDeviceError.Code?) async throws {
    let runner = FakeRunner(.exited(exit), output: "/dev/nvme9n9: RUN fsck MANUALLY.\n")
    let devices = devices(runner, reading: scan(firstNonZero: 1080))
    var found: BlockDeviceError?
    do {
      try await devices.check(.ext4, on: Self.device, deadline: .ample)
    } catch {
      found = error
    }
    #expect(found?.code == expected)
    #expect(found?.message.contains("RUN fsck MANUALLY") != false)
    #expect(runner.commands == [["e2fsck", "-p", "/dev/nvme9n9"]])
  }

  @Test("No check of a device that is in use or another; no program for xfs at all")
  func checkRefuses() async throws {
    let runner = FakeRunner(.exited(0))
    for (scan, expected) in [(failure(.resourceBusy), .inUse), (scan(minor: 8), .wrongDevice)]
      as [(Result<RegionScan, IsolatedCallError>, BlockDeviceError.Code)]
    {
      for type in FileSystemType.allCases {
        let devices = devices(runner, reading: scan)
        #expect(
          try await code { try await devices.check(type, on: Self.device, deadline: .ample) }
            == expected)
      }
    }
    try await devices(runner, reading: scan()).check(.xfs, on: Self.device, deadline: .ample)
    #expect(runner.commands.isEmpty)
  }

  // MARK: grow and size

  @Test("Nothing is grown but what is mounted at the path given, on top")
  func growRefuses() async throws {
    let runner = FakeRunner(.exited(0))
    try await withTemporaryDirectory { directory in
      let error = await #expect(throws: BlockDeviceError.self) {
        try await devices(runner).grow(
          .xfs, on: Self.device, mountedAt: directory, deadline: .ample)
      }
      #expect(error?.code == .refused)
      #expect(error?.message.contains("no mount point") == true)
    }
    let proc = await #expect(throws: BlockDeviceError.self) {
      try await devices(runner).grow(.xfs, on: Self.device, mountedAt: "/proc", deadline: .ample)
    }
    #expect(proc?.code == .refused)
    #expect(runner.commands.isEmpty)
  }

  static let superblocks: [(FileSystemType, String, UInt64)] = [
    (.ext4, "ext4.superblock", 64 << 20), (.xfs, "xfs.superblock", 320 << 20),
  ]

  @Test("The size is what a real superblock says", arguments: superblocks)
  func sizes(type: FileSystemType, name: String, size: UInt64) throws {
    #expect(type.size(superblock: try bytes(of: name)) == size)
  }

  @Test("What is no superblock of the type, or a doubtful one, has no size", arguments: superblocks)
  func noSizes(type: FileSystemType, name: String, size: UInt64) throws {
    let real = try bytes(of: name)
    let other: FileSystemType = type == .ext4 ? .xfs : .ext4
    #expect(other.size(superblock: real) == nil)
    #expect(type.size(superblock: []) == nil)
    #expect(type.size(superblock: Array(real.dropLast())) == nil)
    #expect(type.size(superblock: Array(repeating: 0, count: 2048)) == nil)
    var broken = real
    // The count of blocks in xfs, the size of a block in ext4.
    for offset in type == .xfs ? Array(8..<16) : Array(1048..<1052) { broken[offset] = 0xff }
    #expect(type.size(superblock: broken) == nil)
  }

  private func bytes(of name: String) throws -> [UInt8] {
    try Files.read(fixturePath(name), limit: 1 << 20)
  }
}

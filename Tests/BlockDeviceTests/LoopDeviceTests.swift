import BlockDevice
import Command
import Linux
import Testing

/// With the real programs on real block devices.
@Suite("Block devices, real", .serialized, .enabled(if: canUseLoopDevices))
struct LoopDeviceTests {
  /// A loop device of zeros, and all that is needed to play with it.
  private struct Bench {
    let executor: CommandExecutor
    let calls = IsolatedCalls()
    let directory: String
    let file: String
    let path: String

    var devices: BlockDevices { BlockDevices(runner: executor, calls: calls) }

    func device(size: UInt64) throws -> BlockDevice {
      let status = try #require(try Files.status(path))
      return BlockDevice(path: path, number: status.representedDevice, size: size)
    }

    @discardableResult
    func run(
      _ program: String, _ arguments: String..., input: [UInt8] = []
    ) async throws
      -> CommandOutput
    {
      let output = try await executor.run(
        Command(program, arguments, input: input), deadline: .ample)
      #expect(output.succeeded, "\(program) \(arguments): \(output.standardError)")
      return output
    }

    func write(_ bytes: [UInt8], at offset: UInt64) async throws {
      try await run(
        "dd", "of=\(path)", "bs=1", "seek=\(offset)", "conv=fsync,notrunc", input: bytes)
    }
  }

  private func withBench(
    size: UInt64, _ body: @Sendable (Bench) async throws -> Void
  ) async throws {
    let executor = CommandExecutor()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await executor.run() }
      defer { group.cancelAll() }
      while (try? await executor.run(Command("true"), deadline: .ample)) == nil {
        try await Task.sleep(for: .milliseconds(1))
      }
      try await withTemporaryDirectory { directory in
        let file = "\(directory)/image"
        let made = try await executor.run(
          Command("truncate", ["-s", "\(size)", file]), deadline: .ample)
        try #require(made.succeeded)
        let loop = try await executor.run(
          Command("losetup", ["-f", "--show", file]), deadline: .ample)
        try #require(loop.succeeded, "\(loop.standardError)")
        let path = String(loop.standardOutput.dropLast())
        let bench = Bench(executor: executor, directory: directory, file: file, path: path)
        var failure: (any Error)?
        do { try await body(bench) } catch { failure = error }
        _ = try await executor.run(Command("losetup", ["-d", path]), deadline: .ample)
        if let failure { throw failure }
      }
    }
  }

  @Test(
    "An empty device is formatted, found, sized and checked, and not formatted again",
    arguments: [
      (FileSystemType.ext4, 64 << 20), (.xfs, 320 << 20),
    ] as [(FileSystemType, UInt64)])
  func life(type: FileSystemType, size: UInt64) async throws {
    try await withBench(size: size) { bench in
      let device = try bench.device(size: size)
      let devices = bench.devices
      guard case .empty(let proof) = try await devices.content(of: device, deadline: .ample) else {
        Issue.record("not empty")
        return
      }
      try await devices.makeFileSystem(
        type, on: device, provenBy: proof, options: [], deadline: .ample)
      guard
        case .fileSystem(type.rawValue, _?) = try await devices.content(
          of: device, deadline: .ample)
      else {
        Issue.record("no file system")
        return
      }
      #expect(try await devices.check(type, on: device, deadline: .ample) == size)

      // The same proof a second time: somebody has written since.
      let again = await #expect(throws: BlockDeviceError.self) {
        try await devices.makeFileSystem(
          type, on: device, provenBy: proof, options: [], deadline: .ample)
      }
      #expect(again?.code == .refused)
      try await devices.check(type, on: device, deadline: .ample)
    }
  }

  @Test(
    "A device that is held open is checked and formatted all the same, and kept until it is let go")
  func pinned() async throws {
    let size: UInt64 = 64 << 20
    try await withBench(size: size) { bench in
      let device = try bench.device(size: size)
      let pin = try await bench.calls.pin(
        device: device.path, until: .ample, deadline: .ample)
      #expect(pin.device == device.number)
      guard
        case .empty(let proof) = try await bench.devices.content(of: device, deadline: .ample)
      else {
        Issue.record("not empty")
        return
      }
      try await bench.devices.makeFileSystem(
        .ext4, on: device, provenBy: proof, options: [], deadline: .ample)
      try await bench.devices.check(.ext4, on: device, deadline: .ample)
      #expect(pin.isHeld)
      // The kernel lets go of a loop device with whoever has it open last.
      try await bench.run("losetup", "-d", device.path)
      #expect(try await bench.run("losetup", "-l", "-n", device.path).standardOutput != "")
      await pin.release(by: .ample)
      #expect(!pin.isHeld)
      #expect(bench.calls.stuck == [])
      // Once more is once.
      await pin.release(by: .ample)
      try await bench.run("losetup", device.path, bench.file)
    }
  }

  @Test("A device is held no longer than was said, and that shows")
  func pinLimit() async throws {
    try await withBench(size: 1 << 20) { bench in
      let pin = try await bench.calls.pin(
        device: bench.path, until: .now + .milliseconds(300), deadline: .ample)
      for _ in 0..<1000 where pin.isHeld { try await Task.sleep(for: .milliseconds(10)) }
      #expect(!pin.isHeld)
    }
  }

  @Test(
    "A mounted ext4 is in use, and grows with its device",
    .enabled(if: mayGrowExt4, "the kernel lets only CAP_SYS_RESOURCE grow an ext4"))
  func growExt4() async throws { try await grow(.ext4, from: 64 << 20) }

  @Test("A mounted xfs is in use, and grows with its device")
  func growXFS() async throws { try await grow(.xfs, from: 320 << 20) }

  private func grow(_ type: FileSystemType, from size: UInt64) async throws {
    try await withBench(size: size) { bench in
      let device = try bench.device(size: size)
      let devices = bench.devices
      try await bench.run("mkfs.\(type.rawValue)", "-q", device.path)
      let mountPoint = "\(bench.directory)/mnt"
      try Files.makeDirectories(mountPoint, mode: 0o700)
      try await bench.calls.mount(
        source: device.path, target: mountPoint, type: type.rawValue, flags: 0, data: "",
        deadline: .ample)
      do {
        let busy = await #expect(throws: BlockDeviceError.self) {
          try await devices.content(of: device, deadline: .ample)
        }
        #expect(busy?.code == .inUse)
        // Nothing to grow yet.
        try await devices.grow(type, on: device, mountedAt: mountPoint, deadline: .ample)
        try await bench.run("truncate", "-s", "\(2 * size)", bench.file)
        try await bench.run("losetup", "-c", device.path)
        try await devices.grow(type, on: device, mountedAt: mountPoint, deadline: .ample)
        try await devices.grow(type, on: device, mountedAt: mountPoint, deadline: .ample)
      } catch {
        Issue.record(error)
      }
      try await bench.calls.unmount(mountPoint, flags: 0, deadline: .ample)
      let grown = try bench.device(size: 2 * size)
      #expect(try await devices.check(type, on: grown, deadline: .ample) == 2 * size)
    }
  }

  @Test("One byte between signatures, a boot sector, and an ext4 behind one")
  func contents() async throws {
    let size: UInt64 = 64 << 20
    try await withBench(size: size) { bench in
      let device = try bench.device(size: size)
      try await bench.write([1], at: size - 1)
      #expect(
        try await bench.devices.content(of: device, deadline: .ample)
          == .unknownData(offset: size - 1))
      try await bench.write([0], at: size - 1)
      let partition: [UInt8] = [0, 0, 2, 0, 0x83, 255, 255, 255, 0, 8, 0, 0, 0, 248, 1, 0]
      let bootSector = partition + [UInt8](repeating: 0, count: 48) + [0x55, 0xaa]
      try await bench.write(bootSector, at: 446)
      #expect(
        try await bench.devices.content(of: device, deadline: .ample)
          == .partitionTable(type: "dos"))
      try await bench.run("mkfs.ext4", "-q", "-F", device.path)
      try await bench.write(bootSector, at: 446)
      #expect(
        try await bench.devices.content(of: device, deadline: .ample)
          == .other(type: "both ext4 and a dos partition table"))
    }
  }

  @Test("A device that cannot be read is an error and not empty")
  func unreadable() async throws {
    let size: UInt64 = 64 << 20
    try await withBench(size: size) { bench in
      let device = try bench.device(size: size)
      try await bench.run("truncate", "-s", "\(size / 2)", bench.file)
      let error = await #expect(throws: BlockDeviceError.self) {
        try await bench.devices.content(of: device, deadline: .ample)
      }
      #expect(error?.code == .ioError)
    }
  }

  @Test("An ext4 without its root directory is damaged, and e2fsck leaves it alone")
  func damaged() async throws {
    let size: UInt64 = 64 << 20
    try await withBench(size: size) { bench in
      let device = try bench.device(size: size)
      try await bench.run("mkfs.ext4", "-q", device.path)
      try await bench.run("debugfs", "-w", "-R", "clri <2>", device.path)
      try await bench.run("debugfs", "-w", "-R", "ssv state 0", device.path)
      let error = await #expect(throws: BlockDeviceError.self) {
        try await bench.devices.check(.ext4, on: device, deadline: .ample)
      }
      #expect(error?.code == .fileSystemDamaged)
      #expect(error?.message.contains("Root inode is not a directory") == true)
    }
  }

  @Test("An mkfs that does not like its options says so, and the device is as it was")
  func badOptions() async throws {
    let size: UInt64 = 64 << 20
    try await withBench(size: size) { bench in
      let device = try bench.device(size: size)
      guard case .empty(let proof) = try await bench.devices.content(of: device, deadline: .ample)
      else {
        Issue.record("not empty")
        return
      }
      let error = await #expect(throws: BlockDeviceError.self) {
        try await bench.devices.makeFileSystem(
          .ext4, on: device, provenBy: proof, options: ["-O", "no_such_feature"], deadline: .ample)
      }
      #expect(error?.code == .refused)
      #expect(error?.message.contains("Invalid filesystem option set") == true)
      #expect(
        try await bench.devices.content(of: device, deadline: .ample) == .empty(proof))
    }
  }
}

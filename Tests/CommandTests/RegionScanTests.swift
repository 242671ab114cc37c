import Command
import Linux
import SystemPackage
import Testing

/// `IsolatedCalls.scan` on loop devices.  Here because only this module's tests can run losetup(8).
extension CommandExecutorTests {
  @Suite("Scan of a block device", .serialized) struct RegionScanTests {
    private static let size: UInt64 = 16 << 20

    /// Lends a loop device of 16 MiB of zeros and the file behind it.
    private func withLoopDevice(
      size: UInt64 = size, _ body: (CommandExecutor, String, String) async throws -> Void
    ) async throws {
      try await withExecutor { executor in
        let file = "/tmp/command-tests-\(UInt64.random(in: .min ... .max)).img"
        defer { _ = try? Files.unlink(file) }
        #expect(try await executor.run("truncate", "-s", "\(size)", file).succeeded)
        let loop = try await executor.run("losetup", "-f", "--show", file)
        // Needs loop devices and the right to use them.
        guard loop.succeeded else { return }
        let device = String(loop.standardOutput.dropLast())
        do {
          try await body(executor, device, file)
        } catch {
          _ = try await executor.run("losetup", "-d", device)
          throw error
        }
        #expect(try await executor.run("losetup", "-d", device).succeeded)
      }
    }

    private func scan(
      _ device: String, exclusive: Bool = true, edges: UInt64 = 1 << 20, samples: Int = 3
    ) async throws -> RegionScan {
      try await IsolatedCalls().scan(
        device: device, exclusive: exclusive, edges: edges, samples: samples, sampleLength: 4096,
        deadline: .in(milliseconds: 10_000))
    }

    @Test("A device of zeros has its number, its size and nothing in it")
    func zeros() async throws {
      try await withLoopDevice { _, device, _ in
        let number = try #require(try Files.status(device)).representedDevice
        let found = try await scan(device)
        #expect(
          found
            == RegionScan(
              device: number, size: Self.size, firstNonZero: nil,
              head: [UInt8](repeating: 0, count: 2048)))
      }
    }

    @Test(
      "One byte in a region is found at its offset; beside the regions it is not read",
      arguments: [
        (0, true), ((1 << 20) - 1, true), (1 << 20, false),
        // Samples at 1 MiB + 14 MiB · i / 4, 4096 bytes each.
        ((9 << 19) - 1, false), (9 << 19, true), ((9 << 19) + 4095, true),
        ((9 << 19) + 4096, false),
        (8 << 20, true), (23 << 19, true),
        ((15 << 20) - 1, false), (15 << 20, true), ((16 << 20) - 1, true),
      ] as [(Int, Bool)])
    func oneByte(offset: Int, isFound: Bool) async throws {
      try await withLoopDevice { executor, device, _ in
        let command = Command(
          "dd", ["of=\(device)", "bs=1", "seek=\(offset)", "conv=fsync"], input: [1])
        #expect(try await executor.run(command, deadline: .in(milliseconds: 10_000)).succeeded)
        let first = try await scan(device).firstNonZero
        #expect(first == (isFound ? UInt64(offset) : nil))
      }
    }

    @Test(
      "Sizes that regions overlap in, or that are no multiple of a block, are read to the last byte",
      arguments: [512, 4096, 4608, 1 << 20, (2 << 20) - 512, (2 << 20) + 512, (3 << 20) + 1536])
    func sizes(size: Int) async throws {
      try await withLoopDevice(size: UInt64(size)) { executor, device, _ in
        #expect(try await scan(device).firstNonZero == nil)
        let command = Command(
          "dd", ["of=\(device)", "bs=1", "seek=\(size - 1)", "conv=fsync"], input: [1])
        #expect(try await executor.run(command, deadline: .in(milliseconds: 10_000)).succeeded)
        let found = try await scan(device)
        #expect(found.firstNonZero == UInt64(size - 1))
        #expect(found.size == UInt64(size))
      }
    }

    @Test("A read that fails is an error that says where, never zeros")
    func unreadable() async throws {
      try await withLoopDevice { executor, device, file in
        let truncation = try await executor.run("truncate", "-s", "\(8 << 20)", file)
        #expect(truncation.succeeded)
        let error = await #expect(throws: IsolatedCallError.self) { try await scan(device) }
        guard case .failed(let call) = error else {
          Issue.record("\(error as Any)")
          return
        }
        #expect(["pread", "short pread"].contains(call.call))
        #expect(call.subject.hasPrefix("\(device) at offset "))
        #expect(call.errno == .ioError)
      }
    }

    @Test("A device that is mounted is busy for an exclusive scan, and only for that")
    func busy() async throws {
      try await withLoopDevice { executor, device, file in
        #expect(try await executor.run("mkfs.ext4", "-q", device).succeeded)
        let directory = "\(file).mnt"
        try Files.makeDirectories(directory, mode: 0o700)
        defer { _ = try? Files.removeDirectory(directory) }
        let calls = IsolatedCalls()
        try await calls.mount(
          source: device, target: directory, type: "ext4", flags: 0, data: "",
          deadline: .in(milliseconds: 10_000))
        await #expect(
          throws: IsolatedCallError.failed(
            SystemCallError(call: "open", subject: device, errno: .resourceBusy))
        ) { try await scan(device) }
        #expect(try await scan(device, exclusive: false).firstNonZero != nil)
        try await calls.unmount(directory, flags: 0, deadline: .in(milliseconds: 10_000))
        // At once: neither the unmount nor the scan before holds on to the device.
        #expect(try await scan(device).firstNonZero == 1024 + 1)
      }
    }
  }
}

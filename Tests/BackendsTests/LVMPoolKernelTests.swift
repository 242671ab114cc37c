import Command
import Glibc
import Linux
import Testing

@testable import Backends

/// With LVM's programs and device-mapper, in the lab's guest: see hack/lab.
@Suite("LVM pool, real", .serialized, .enabled(if: unsafe getenv("NVMEOF_CSI_LAB") != nil))
struct LVMPoolKernelTests {
  private static let mebibyte: Int64 = 1 << 20

  /// Lends a volume group of 1 GiB on a loop device, with a thin pool of 256 MiB; the rest holds old data.
  private func withGroup(_ body: @Sendable (CommandExecutor) async throws -> Void) async throws {
    let executor = CommandExecutor()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await executor.run() }
      defer { group.cancelAll() }
      while (try? await executor.run(Command("true"), deadline: .ample)) == nil {
        try await Task.sleep(for: .milliseconds(1))
      }
      @Sendable func run(_ line: String) async throws -> String {
        let words = line.split(separator: " ").map { String($0) }
        let output = try await executor.run(
          Command(words[0], Array(words.dropFirst())), deadline: .ample)
        try #require(output.succeeded, "\(line): \(output.standardError)")
        return String(output.standardOutput.split(separator: "\n").first ?? "")
      }
      let image = "/run/lab/lvm-image"
      _ = try await run("modprobe -a dm-mod dm-thin-pool")
      // LVM keeps copies of its metadata there, and the guest's own files are read-only.
      _ = try await run("mount -t tmpfs none /etc/lvm")
      _ = try await run("truncate -s 1G \(image)")
      let loop = try await run("losetup -f --show \(image)")
      _ = try await run("vgcreate tank \(loop)")
      _ = try await run("lvcreate --yes --type thin-pool -L 256M -n pool tank")
      _ = try await run("lvcreate --yes -l 100%FREE -n old tank")
      _ = try await run("dd if=/dev/urandom of=/dev/tank/old bs=1M count=24 status=none")
      _ = try await run("lvremove --yes tank/old")
      do {
        try await body(executor)
      } catch {
        Issue.record(error)
      }
      _ = try await run("vgremove --yes --force tank")
      _ = try await run("losetup -d \(loop)")
      _ = try await run("umount /etc/lvm")
      try Files.unlink(image)
    }
  }

  private func deviceSize(_ path: String) throws -> Int64 {
    try Descriptor.open(path, flags: O_RDONLY).deviceSize()
  }

  /// What most matters of it PoolTests shows through the controller.
  @Test(
    "Thin volumes hold what they are to hold",
    .enabled(if: unsafe getenv("NVMEOF_CSI_LAB_LONG") != nil), .timeLimit(.minutes(5)))
  func thin() async throws {
    try await withGroup { executor in
      let (a, b, s) = (
        try ObjectID.volume("a"), try ObjectID.volume("b"), try ObjectID.snapshot("s")
      )
      let thin = try LVMPool(
        LVMPoolConfiguration(volumeGroup: "tank", thinPool: "pool"), owner: .ours,
        runner: executor)
      let source = try await thin.create(a, size: 64 * Self.mebibyte)
      #expect(try deviceSize(source.path) == 64 * Self.mebibyte)
      try write("old", to: source.path, at: 0)
      try await thin.snapshot(s, of: a)
      try write("new", to: source.path, at: 0)
      let restored = try await thin.create(b, size: 128 * Self.mebibyte, from: .snapshot(s))
      #expect(try read(restored.path, at: 0, count: 4) == "old\0")
      #expect(try deviceSize(restored.path) == 128 * Self.mebibyte)
      let user = try Descriptor.open(restored.path, flags: O_RDONLY)
      #expect(try await code { try await thin.delete(b) } == .inUse)
      withExtendedLifetime(user) {}
      #expect(
        try await code { try await thin.create(try .volume("c"), size: 128 * Self.mebibyte) }
          == .exhausted)
      for id in [a, s] { try await thin.delete(id) }
      #expect(try await thin.volumes(deadline: .ample).map(\.id) == [b])
    }
  }

  @Test("Linear volumes are zero where others' data was", .timeLimit(.minutes(5)))
  func linear() async throws {
    try await withGroup { executor in
      let pool = try LVMPool(
        LVMPoolConfiguration(volumeGroup: "tank"), owner: .ours, runner: executor)
      let (c, d) = (try ObjectID.volume("c"), try ObjectID.volume("d"))
      let told = Told()
      let made = try await pool.create(c, size: 8 * Self.mebibyte) { told.add($0, $1) }
      #expect(told.all.last?.done == 8 * Self.mebibyte)
      try expectZeros(made.path, 0..<8)
      try write("one", to: made.path, at: 0)
      let copy = try await pool.create(d, size: 12 * Self.mebibyte, from: .volume(c))
      #expect(try read(copy.path, at: 0, count: 4) == "one\0")
      try expectZeros(copy.path, 1..<12)
      #expect(
        try await code {
          _ = try await pool.expandVolume(c, toSize: 16 * Self.mebibyte, deadline: .ample)
        } == .unsupported)
      #expect(try await code { try await pool.snapshot(try .snapshot("s"), of: c) } == .unsupported)
      #expect(
        try await code { try await pool.create(try .volume("e"), size: 4 << 30) } == .exhausted)
      for id in [c, d] { try await pool.delete(id) }
      #expect(try await pool.volumes(deadline: .ample) == [])
    }
  }

  private func expectZeros(_ path: String, _ range: Range<Int64>) throws {
    let zeros = String(repeating: "\0", count: 1 << 20)
    for piece in range {
      let isZero = try read(path, at: piece << 20, count: 1 << 20) == zeros
      #expect(isZero, "MiB \(piece)")
    }
  }
}

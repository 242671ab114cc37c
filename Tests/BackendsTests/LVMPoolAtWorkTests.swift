import Linux
import NVMe
import Testing

@testable import Backends
@testable import BackendsTestSupport

/// Programs of LVM are never killed: they may be at work when their call, or the controller that began
/// them, is over.
@Suite("LVM pool with programs left over") struct LVMPoolAtWorkTests {
  /// A process as `/proc` shows it.
  private struct Process {
    let id: Int
    let words: [String]
  }

  private static let size: Int64 = 64 << 20

  @Test(
    "A program at work on an object keeps every change of it waiting, and no other's",
    arguments: [
      ["lvremove", "--yes", "tank/NAME"], ["lvextend", "--size", "1g", "/dev/tank/NAME"],
      ["lvchange", "--deltag", "nvmeof-csi.half", "tank/NAME"],
      ["/usr/sbin/lvcreate", "--yes", "--snapshot", "--name", "NAME", "tank/other"],
      ["lvcreate", "-V", "1g", "--thin", "-n", "NAME", "tank/pool"],
    ])
  func atWork(line: [String]) async throws {
    let (a, b) = (try ObjectID.volume("a"), try ObjectID.volume("b"))
    let words = line.map { $0.replacing("NAME", with: a.description) }
    try await withProcesses([Process(id: 812, words: words)]) { root in
      let pool = try self.pool(FakeLVM(), root)
      let refusal = await #expect(throws: BackendError.self) {
        try await pool.create(a, size: Self.size)
      }
      #expect(refusal?.code == .unavailable)
      #expect(refusal?.message.contains("'\(words.joined(separator: " "))', process 812") == true)
      #expect(try await code { try await pool.delete(a) } == .unavailable)
      #expect(
        try await code {
          _ = try await pool.expandVolume(a, toSize: Self.size * 2, deadline: .ample)
        } == .unavailable)
      try await pool.create(b, size: Self.size)
      try await pool.delete(b)

      try removeTree("\(root)/812")
      try await pool.create(a, size: Self.size)
    }
  }

  @Test("What only looks, or belongs to others, or has ended and is not reaped, is in nobody's way")
  func others() async throws {
    let (a, s) = (try ObjectID.volume("a"), try ObjectID.snapshot("s"))
    let processes = [
      Process(id: 1, words: ["lvs", "tank/\(a)"]), Process(id: 2, words: ["vi", a.description]),
      Process(id: 3, words: ["lvremove", "tank/\(try ObjectID.volume("b"))"]),
      Process(id: 4, words: ["lvremove", "other/\(a)"]),
      Process(id: 5, words: ["lvcreate", "--snapshot", "--name", "x", "tank/\(a)"]),
      Process(id: 6, words: []),
    ]
    try await withProcesses(processes) { root in
      try Files.replaceDurably("\(root)/6/comm", with: Array("lvremove\n".utf8), mode: 0o600)
      let pool = try self.pool(FakeLVM(), root)
      try await pool.create(a, size: Self.size)
      try await pool.snapshot(s, of: a)
      for id in [s, a] { try await pool.delete(id) }
    }
  }

  @Test(
    "A call that gave up waiting for its program says so, and the next one looks whether it has ended"
  )
  func goesOn() async throws {
    let (a, b) = (try ObjectID.volume("a"), try ObjectID.volume("b"))
    try await withProcesses([]) { root in
      let lvm = FakeLVM()
      let pool = try self.pool(lvm, root)
      try await pool.create(a, size: Self.size)
      // None was found: there is nobody to look for.
      let process = Process(id: 4711, words: ["lvremove", "--yes", "tank/\(a)"])
      try self.add(process, root)
      _ = try await pool.expandVolume(a, toSize: Self.size * 2, deadline: .ample)

      lvm.change { $0.hanging = ["lvremove"] }
      let error = await #expect(throws: BackendError.self) { try await pool.delete(a) }
      #expect(error?.code == .timedOut)
      #expect(error?.description.hasSuffix("it goes on as process 4711") == true)
      lvm.change { $0.hanging = [] }
      #expect(try await code { try await pool.delete(a) } == .unavailable)
      #expect(lvm.volumes.keys.sorted() == [a.description])
      try await pool.create(b, size: Self.size)
      try removeTree("\(root)/4711")
      try await pool.delete(a)
      #expect(lvm.volumes.keys.sorted() == [b.description])
    }
  }

  private func pool(_ lvm: FakeLVM, _ procRoot: String) throws -> LVMPool {
    try LVMPool(
      LVMPoolConfiguration(volumeGroup: "tank", thinPool: "pool"), owner: .ours, runner: lvm,
      procRoot: procRoot, sysfs: NVMeSysfs(root: "/nonexistent"))
  }

  private func withProcesses(
    _ processes: [Process], _ body: (String) async throws -> Void
  ) async throws {
    let root = "/tmp/lvm-work-tests-\(UInt64.random(in: .min ... .max))"
    try Files.makeDirectories("\(root)/self", mode: 0o700)
    defer { try? removeTree(root) }
    for process in processes { try add(process, root) }
    try await body(root)
  }

  private func add(_ process: Process, _ root: String) throws {
    let directory = "\(root)/\(process.id)"
    try Files.makeDirectories(directory, mode: 0o700)
    let name = process.words.first?.split(separator: "/").last ?? ""
    for (file, text) in [
      ("comm", "\(name)\n"), ("cmdline", process.words.map { "\($0)\0" }.joined()),
    ] {
      try Files.replaceDurably("\(directory)/\(file)", with: Array(text.utf8), mode: 0o600)
    }
  }
}

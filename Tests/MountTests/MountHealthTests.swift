import Linux
import Testing

@testable import Mount

@Suite("The health of a mount")
struct MountHealthTests {
  /// `/sys` of a machine with an ext4 on `nvme0n1` that is mounted at `path`.
  private func withMachine(
    errors: String?, _ body: (Mounts) async throws -> Void
  ) async throws {
    let root = "/tmp/mount-health-\(UInt64.random(in: .min ... .max))"
    let files: [(String, String?)] = [
      ("sys/dev/block/259:1/uevent", "MAJOR=259\nMINOR=1\nDEVNAME=nvme0n1\nDEVTYPE=disk\n"),
      ("sys/fs/ext4/nvme0n1/errors_count", errors),
    ]
    for (path, text) in files {
      let directory = path.split(separator: "/").dropLast().joined(separator: "/")
      try Files.makeDirectories("\(root)/\(directory)", mode: 0o700)
      if let text {
        try Files.replaceDurably("\(root)/\(path)", with: Array(text.utf8), mode: 0o600)
      }
    }
    defer { remove(root, files.map(\.0)) }
    try await body(Mounts(calls: IsolatedCalls(), sysRoot: "\(root)/sys"))
  }

  private func remove(_ root: String, _ files: [String]) {
    for file in files {
      _ = try? Files.unlink("\(root)/\(file)")
      var parts = file.split(separator: "/")
      while parts.popLast() != nil {
        _ = try? Files.removeDirectory("\(root)/\(parts.joined(separator: "/"))")
      }
    }
  }

  private func mount(
    _ superOptions: String = "rw", options: String = "rw,relatime", type: String = "ext4",
    at point: String = "/tmp"
  ) throws -> MountInfo {
    let line = "1 0 259:1 / \(point) \(options) - \(type) /dev/nvme0n1 \(superOptions)"
    return try #require(try MountTable(parsing: line).mounts.first)
  }

  @Test(
    "shows in the mount table",
    arguments: [
      ("rw", "rw,relatime", nil),
      ("ro", "ro,relatime", nil),
      ("ro,errors=remount-ro", "rw", "ext4 at /tmp has turned read-only"),
      ("rw,emergency_ro", "rw", "ext4 at /tmp has turned read-only"),
      ("rw,shutdown", "rw", "ext4 at /tmp has shut itself off"),
      ("ro,shutdown", "ro", "ext4 at /tmp has shut itself off"),
    ] as [(String, String, String?)])
  func table(superOptions: String, options: String, failure: String?) async throws {
    let mount = try mount(superOptions, options: options)
    #expect(Mounts.failure(shownBy: mount) == failure)
    try await withMachine(errors: "0\n") { mounts in
      let health = await mounts.health(of: mount, deadline: soon())
      #expect(health == (failure.map { .failed($0) } ?? .good))
    }
  }

  static let grown = "ext4 at /tmp has found 2 errors in itself since it was mounted"

  @Test(
    "shows in the errors that an ext4 counts, against those it was mounted with",
    arguments: [
      ("0\n", 0, false),
      ("3\n", 3, false),
      // e2fsck has cleared them since.
      ("0\n", 3, false),
      ("5\n", nil, false),
      (nil, 0, false),
      ("5\n", 3, true),
    ] as [(String?, UInt64?, Bool)])
  func errors(
    count: String?, known: UInt64?, grew: Bool
  ) async throws {
    let mount = try mount()
    try await withMachine(errors: count) { mounts in
      let health = await mounts.health(of: mount, knownErrors: known, deadline: soon())
      switch health {
      case .good: #expect(!grew)
      // What is asked then is whether it takes changes, which not everybody may ask.
      case .unknown(let reason): #expect(grew && reason.hasPrefix(Self.grown), "\(reason)")
      case .failed(let reason): Issue.record("\(reason)")
      }
    }
  }

  @Test("is not looked for in the errors of another file system, or of a device that is gone")
  func noCount() async throws {
    try await withMachine(errors: "5\n") { mounts in
      #expect(try mounts.errorCount(of: mount()) == 5)
      #expect(try mounts.errorCount(of: mount(type: "xfs")) == nil)
      let other = "1 0 259:7 / /tmp rw - ext4 /dev/nvme7n1 rw"
      let gone = try #require(try MountTable(parsing: other).mounts.first)
      #expect(try mounts.errorCount(of: gone) == nil)
    }
  }

  @Test("is unknown when the mount cannot be asked")
  func unknown() async throws {
    try await withMachine(errors: nil) { mounts in
      guard case .unknown = await mounts.health(of: try mount(at: "/none"), deadline: soon()) else {
        Issue.record("a mount point that is not there says nothing of the file system")
        return
      }
    }
  }
}

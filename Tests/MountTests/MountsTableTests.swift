import Linux
import Testing

@testable import Mount

/// Over written mount tables: what is decided before any call is made.
@Suite struct MountsTableTests {
  static let root = "1 0 8:1 / / rw,relatime - ext4 /dev/sda1 rw"
  static let staged = "2 1 259:1 / /stage rw,nodev,noatime - ext4 /dev/nvme0n1 rw"

  private func table(_ lines: String...) -> String { ([Self.root] + lines).joined(separator: "\n") }

  @Test("A table that cannot be read is an error, not an empty table")
  func unreadable() async throws {
    #expect(throws: MountError.self) {
      try Mounts(calls: IsolatedCalls(), procRoot: "/none").table()
    }
    try await Mounts.withTable("nonsense") { mounts in
      let error = #expect(throws: MountError.self) { try mounts.table() }
      #expect(error?.message.contains("nonsense") == true)
    }
  }

  @Test("What is mounted already is not mounted again")
  func present() async throws {
    try await Mounts.withTable(table(Self.staged)) { mounts in
      try await mounts.mount(
        "/dev/nvme0n1", device: DeviceNumber(major: 259, minor: 1), at: "//stage/./", type: "ext4",
        options: MountOptions([]), deadline: soon())
    }
  }

  @Test("Another device at the mount point is a conflict that names both")
  func conflict() async throws {
    try await Mounts.withTable(table(Self.staged)) { mounts in
      let error = await #expect(throws: MountError.self) {
        try await mounts.mount(
          "/dev/nvme1n1", device: DeviceNumber(major: 259, minor: 2), at: "/stage", type: "ext4",
          options: MountOptions(["ro"]), deadline: soon())
      }
      #expect(error?.code == .conflict)
      #expect(
        error?.message == """
          mount /dev/nvme1n1 (259:2) at /stage as ext4 with 'ro': /dev/nvme0n1 (259:1, ext4) is \
          mounted there already
          """)
    }
  }

  @Test("A volume that another device is mounted over is a conflict as well")
  func covered() async throws {
    let cover = "3 2 259:2 / /stage rw - xfs /dev/nvme1n1 rw"
    try await Mounts.withTable(table(Self.staged, cover)) { mounts in
      let code = await code { () async throws(MountError) in
        try await mounts.mount(
          "/dev/nvme0n1", device: DeviceNumber(major: 259, minor: 1), at: "/stage", type: "ext4",
          options: options(), deadline: soon())
      }
      #expect(code == .conflict)
    }
  }

  @Test(
    "A bind that is there already is compared by device, root and flags",
    arguments: [
      ("3 1 259:1 / /pod rw,nodev,noatime - ext4 /dev/nvme0n1 rw", [], nil),
      ("3 1 259:1 / /pod ro,nodev,noatime - ext4 /dev/nvme0n1 rw", ["ro"], nil),
      ("3 1 259:1 / /pod ro,nodev,noatime - ext4 /dev/nvme0n1 rw", [], .conflict),
      ("3 1 259:2 / /pod rw,nodev,noatime - ext4 /dev/nvme1n1 rw", [], .conflict),
      ("3 1 259:1 /sub /pod rw,nodev,noatime - ext4 /dev/nvme0n1 rw", [], .conflict),
    ] as [(String, [String], MountError.Code?)])
  func bound(_ line: String, _ names: [String], _ expected: MountError.Code?) async throws {
    let options = try MountOptions(names)
    try await Mounts.withTable(table(Self.staged, line)) { mounts in
      let code = await code { () async throws(MountError) in
        try await mounts.bind("/stage", at: "/pod", options: options, deadline: soon())
      }
      #expect(code == expected)
    }
  }

  @Test("Only a mount point can be bound, never the directory below it")
  func sourceNotMounted() async throws {
    try await Mounts.withTable(table()) { mounts in
      let code = await code { () async throws(MountError) in
        try await mounts.bind("/stage", at: "/pod", options: options(), deadline: soon())
      }
      #expect(code == .conflict)
    }
  }

  @Test("Not mounted is fine; hidden under another mount is not")
  func unmounting() async throws {
    try await Mounts.withTable(table()) { mounts in
      try await mounts.unmount("/none", deadline: soon())
    }
    let inner = "2 1 259:1 / /a/b rw - ext4 /dev/nvme0n1 rw"
    let outer = "3 1 0:50 / /a rw - tmpfs tmpfs rw"
    try await Mounts.withTable(table(inner, outer)) { mounts in
      let code = await code { () async throws(MountError) in
        try await mounts.unmount("/a/b", deadline: soon())
      }
      #expect(code == .stillMounted)
    }
  }

  @Test("Relative and climbing paths are refused", arguments: ["a/b", "", "/a/../b", "/a\0"])
  func paths(_ path: String) async throws {
    try await Mounts.withTable(table()) { mounts in
      let code = await code { () async throws(MountError) in
        try await mounts.unmount(path, deadline: soon())
      }
      #expect(code == .other)
    }
  }

  @Test(
    "A bind keeps what restricts its origin, and adds to it",
    arguments: [
      ("rw,relatime", [], "relatime"),
      ("rw", [], "strictatime"),
      ("rw,nosuid,nodev,noexec,noatime", ["ro"], "ro,nosuid,nodev,noexec,noatime"),
      ("ro,relatime", ["rw", "suid"], "ro,relatime"),
      ("rw,relatime,nodiratime", ["noatime"], "noatime,nodiratime"),
      ("rw,relatime", ["sync", "lazytime", "discard"], "relatime"),
    ])
  func flags(_ origin: String, _ names: [String], _ expected: String) throws {
    let line = "1 0 259:1 / /stage \(origin) - ext4 /dev/nvme0n1 rw"
    let mount = try #require(try MountTable(parsing: line).mounts.first)
    let flags = Mounts.flags(of: mount, adding: try MountOptions(names))
    #expect(flags.names.joined(separator: ",") == expected)
  }

  private func options() -> MountOptions {
    (try? MountOptions([])) ?? { preconditionFailure("no options are valid") }()
  }
}

import Linux
import Testing

@Suite struct MountTableTests {
  @Test(
    "Every field of a line is decoded: escapes, optional fields, an empty source, a deleted root")
  func fields() throws {
    let table = try MountTable(parsing: fixture("node.mountinfo"))
    #expect(table.mounts.count == 10)
    #expect(
      table.mounts[5]
        == MountInfo(
          id: 91, parentID: 25, device: DeviceNumber(major: 259, minor: 1), root: "/",
          mountPoint: "/var/lib/kubelet/pods/p 1/volumes/mount",
          options: ["ro", "nodev", "relatime"],
          propagation: ["shared:50", "master:2", "propagate_from:3"], fileSystemType: "ext4",
          source: "/dev/nvme0n1", superOptions: ["rw", "stripe=32"]))
    #expect(
      table.mounts[6]
        == MountInfo(
          id: 92, parentID: 25, device: DeviceNumber(major: 0, minor: 99),
          root: "/gone\\dir//deleted", mountPoint: "/mnt/tab\tand\nnewline", options: ["rw"],
          propagation: ["unbindable"], fileSystemType: "tmpfs", source: "",
          superOptions: ["rw", "size=1024k"]))
    #expect(table.mounts[7].superOptions == ["rw", "mode=755 inode64"])
  }

  @Test("Mounts stacked at one path come bottom first, and only those at exactly this path")
  func stacked() throws {
    let table = try MountTable(parsing: fixture("node.mountinfo"))
    #expect(table.mounts(at: "/var/lib/kubelet/pods/p 1/volumes/mount").map(\.id) == [91, 93])
    #expect(table.mounts(at: "/var/lib/kubelet/pods/p 1/volumes") == [])
    #expect(table.mounts(of: DeviceNumber(major: 259, minor: 1)).map(\.id) == [90, 91])
  }

  @Test(
    "A path is on the mount that a walk from the root ends on",
    arguments: [
      ("/", 25), ("/etc/passwd", 25), ("/sys", 30), ("/sys/block", 30), ("/system", 25),
      ("/var/lib/kubelet/pods/p 1/volumes/mount/data", 93), ("/a/b/c", 95), ("/a", 95),
    ] as [(String, UInt64)])
  func containing(path: String, id: UInt64) throws {
    let table = try MountTable(parsing: fixture("node.mountinfo"))
    #expect(table.mount(containing: path)?.id == id)
  }

  @Test("Nothing contains a relative path, and an empty table contains nothing")
  func containedByNone() throws {
    #expect(try MountTable(parsing: fixture("node.mountinfo")).mount(containing: "etc") == nil)
    #expect(try MountTable(parsing: "").mount(containing: "/") == nil)
  }

  @Test("Names that look equal but differ in bytes are different mount points")
  func unicode() throws {
    let table = try MountTable(
      parsing: "25 1 8:1 / / rw - ext4 x rw\n26 25 0:9 / /caf\u{E9} rw - tmpfs x rw\n")
    #expect(table.mounts(at: "/cafe\u{301}") == [])
    #expect(table.mount(containing: "/cafe\u{301}/x")?.id == 25)
    #expect(table.mount(containing: "/caf\u{E9}/x")?.id == 26)
  }

  @Test(
    "A malformed line fails the whole table",
    arguments: [
      "x 1 8:1 / / rw - ext4 /dev/sda1 rw",
      "25 1 8 / / rw - ext4 /dev/sda1 rw",
      "25 1 8:1 / / rw ext4 /dev/sda1 rw extra",
      "25 1 8:1 / / rw - ext4 /dev/sda1",
      "25 1 8:1 / mnt rw - ext4 /dev/sda1 rw",
      "25 1 8:1 / / rw -",
      "25",
      "-1 1 8:1 / / rw - ext4 /dev/sda1 rw",
    ])
  func malformed(line: String) {
    #expect(throws: MountTableError(line: line)) {
      try MountTable(parsing: "30 25 0:26 / /sys rw - sysfs sysfs rw\n\(line)\n")
    }
  }

  @Test("Every proper prefix of a line is malformed or the same mount with less of its last field")
  func truncated() {
    let line = "25 1 8:1 / /m rw shared:1 - ext4 /dev/sda1 rw,noquota"
    for length in 1..<line.utf8.count {
      let mounts = try? MountTable(parsing: String(line.prefix(length))).mounts
      #expect(mounts == nil || line.prefix(length).hasPrefix(line.dropLast("rw,noquota".count)))
    }
  }

  @Test("This machine's own table is read; one that is not there is an error")
  func real() throws {
    #expect(
      try MountTable.current().mount(containing: "/proc/self/mountinfo")?.mountPoint == "/proc")
    #expect(throws: SystemCallError.self) { try MountTable.current(procRoot: "/nonexistent") }
  }

  @Test("10,000 lines are parsed")
  func large() throws {
    let line = "/var/lib/kubelet/pods/x/volumes/mount rw,relatime shared:50 - ext4 /dev/nvme0n1 rw"
    let text = (100..<10_100).map { "\($0) 25 259:1 / \(line)\n" }.joined()
    #expect(try MountTable(parsing: text).mounts.count == 10_000)
  }
}

import Glibc
import Linux
import Testing

@testable import BlockDevice

@Suite("Device nodes at publish targets")
struct DeviceNodeTests {
  static let device = DeviceNumber(major: 259, minor: 1)
  static let stale = DeviceNumber(major: 259, minor: 2)

  private func table(nodevAt: String? = nil, mountAt: String? = nil) throws -> MountTable {
    var text = "1 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"
    if let nodevAt { text += "2 1 0:40 / \(nodevAt) rw,nosuid,nodev - tmpfs tmpfs rw\n" }
    if let mountAt { text += "3 1 0:41 / \(mountAt) rw - tmpfs foreign rw\n" }
    return try MountTable(parsing: text)
  }

  private func expect(
    _ code: BlockDeviceError.Code, _ words: String, _ body: () throws -> Void
  ) {
    let error = #expect(throws: BlockDeviceError.self) { try body() }
    #expect(error?.code == code)
    #expect(error?.message.contains(words) == true, "\(error as Any)")
  }

  @Test(
    "A node is made once, and unlinked with what a dead publish left", .enabled(if: canMakeNodes))
  func life() async throws {
    try await withTemporaryDirectory { directory in
      let path = "\(directory)/target"
      let table = try table()
      #expect(try DeviceNode.publish(path, device: Self.device, table: table))
      let status = try #require(try Files.status(path))
      #expect(status.kind == .blockDevice)
      #expect(status.representedDevice == Self.device)
      #expect(status.mode == 0o600)
      #expect(try !DeviceNode.publish(path, device: Self.device, table: table))
      #expect(try Files.status(path) == status)

      try Files.replaceDurably("\(directory)/.target.tmp-dead-1", with: [], mode: 0o600)
      try DeviceNode.unpublish(path, table: table)
      #expect(try Files.names(inDirectory: directory) == [])
      try DeviceNode.unpublish(path, table: table)
      try DeviceNode.unpublish("\(path)/gone/as/well", table: table)
    }
  }

  @Test("A stale node and an empty file are replaced", .enabled(if: canMakeNodes))
  func replaced() async throws {
    try await withTemporaryDirectory { directory in
      let path = "\(directory)/target"
      #expect(try DeviceNode.publish(path, device: Self.stale, table: try table()))
      #expect(try DeviceNode.publish(path, device: Self.device, table: try table()))
      #expect(try Files.status(path)?.representedDevice == Self.device)
      try Files.unlink(path)
      try Files.replaceDurably(path, with: [], mode: 0o644)
      #expect(try DeviceNode.publish(path, device: Self.device, table: try table()))
      #expect(try Files.status(path)?.representedDevice == Self.device)
      #expect(try Files.names(inDirectory: directory) == ["target"])
    }
  }

  @Test(
    "A node that leads nowhere stays ours: it does not open, and is replaced and unlinked",
    .enabled(if: canMakeNodes))
  func blank() async throws {
    try await withTemporaryDirectory { directory in
      let path = "\(directory)/target"
      let table = try table()
      #expect(try !DeviceNode.blank(path, leadingTo: Self.device) { false }, "nothing there")
      #expect(try DeviceNode.publish(path, device: Self.device, table: table))
      #expect(try !DeviceNode.blank(path, leadingTo: Self.stale) { false }, "another device")
      #expect(try !DeviceNode.blank(path, leadingTo: Self.device) { true }, "the right one")
      #expect(try DeviceNode.device(at: path) == Self.device)
      #expect(try DeviceNode.blank(path, leadingTo: Self.device) { false })
      #expect(try DeviceNode.device(at: path) == .nowhere)
      #expect(try Files.status(path)?.mode == 0o600)
      // Where the directory is on a file system without devices that is EACCES, before anything else.
      let descriptor = unsafe open(path, O_RDONLY)
      #expect(descriptor < 0 && [ENXIO, EACCES, EPERM].contains(errno), "errno \(errno)")
      #expect(try !DeviceNode.blank(path, leadingTo: Self.device) { false }, "twice")
      #expect(try DeviceNode.publish(path, device: Self.device, table: table))
      #expect(try DeviceNode.blank(path, leadingTo: Self.device) { false })
      try DeviceNode.unpublish(path, table: table)
      #expect(try Files.names(inDirectory: directory) == [])
    }
  }

  @Test("Only block nodes lead nowhere on demand")
  func blankOthers() async throws {
    try await withTemporaryDirectory { directory in
      let path = "\(directory)/target"
      try Files.replaceDurably(path, with: [], mode: 0o600)
      #expect(try !DeviceNode.blank(path, leadingTo: .nowhere) { false })
      #expect(try DeviceNode.device(at: path) == nil)
      #expect(try Files.status(path)?.kind == .regular)
    }
  }

  @Test("A file with something in it, a directory, a link and a FIFO are left alone")
  func refused() async throws {
    try await withTemporaryDirectory { directory in
      let path = "\(directory)/target"
      let table = try table()
      func refuse(_ words: String) throws {
        let before = try Files.status(path)
        expect(.refused, words) { try DeviceNode.publish(path, device: Self.device, table: table) }
        expect(.refused, words) { try DeviceNode.unpublish(path, table: table) }
        #expect(try Files.status(path) == before)
        #expect(try Files.names(inDirectory: directory) == ["target"])
      }
      try Files.replaceDurably(path, with: [1], mode: 0o600)
      try refuse("regular file")
      try Files.unlink(path)
      try Files.makeDirectories(path, mode: 0o700)
      try refuse("directory")
      try Files.removeDirectory(path)
      try Files.symbolicLink(at: path, to: "/dev/null")
      try refuse("symbolic link")
      try Files.unlink(path)
      #expect(unsafe mkfifo(path, 0o600) == 0)
      try refuse("FIFO")
      try Files.unlink(path)
      // An empty file is no node of ours to unlink.
      try Files.replaceDurably(path, with: [], mode: 0o600)
      expect(.refused, "regular file") { try DeviceNode.unpublish(path, table: table) }
    }
  }

  @Test("A mount point is left alone, and a nodev file system told by its mount point")
  func mounts() async throws {
    try await withTemporaryDirectory { directory in
      let path = "\(directory)/target"
      let mounted = try table(mountAt: path)
      expect(.refused, "mount of foreign") {
        try DeviceNode.publish(path, device: Self.device, table: mounted)
      }
      expect(.refused, "mount of foreign") { try DeviceNode.unpublish(path, table: mounted) }
      let nodev = try table(nodevAt: directory)
      expect(.noDevices, "\(directory) (tmpfs) is mounted nodev") {
        try DeviceNode.publish(path, device: Self.device, table: nodev)
      }
      expect(.refused, "not absolute") {
        try DeviceNode.publish("target", device: Self.device, table: nodev)
      }
      #expect(try Files.names(inDirectory: directory) == [])
    }
  }
}

import Glibc
import Linux
import SystemPackage
import Testing

@Suite struct FilesTests {
  @Test("What is not there has no status, also below a file")
  func missing() async throws {
    try await withTemporaryDirectory { directory in
      #expect(try Files.status("\(directory)/none") == nil)
      try Files.replaceDurably("\(directory)/file", with: [], mode: 0o600)
      #expect(try Files.status("\(directory)/file/below") == nil)
    }
  }

  @Test("Kinds are told apart, and links are not followed")
  func kinds() async throws {
    try await withTemporaryDirectory { directory in
      try Files.replaceDurably("\(directory)/file", with: [1, 2, 3], mode: 0o640)
      let file = try #require(try Files.status("\(directory)/file"))
      #expect(file.kind == .regular && file.size == 3 && file.mode == 0o640)
      makeLink("\(directory)/link", to: "/etc")
      #expect(try Files.status("\(directory)/link")?.kind == .symbolicLink)
      makeFIFO("\(directory)/fifo")
      #expect(try Files.status("\(directory)/fifo")?.kind == .fifo)
      #expect(try Files.status(directory)?.kind == .directory)
      let null = try #require(try Files.status("/dev/null"))
      #expect(null.kind == .characterDevice)
      #expect(null.representedDevice == DeviceNumber(major: 1, minor: 3))
    }
  }

  @Test("Directories are made with their parents, twice, but not over a file")
  func makeDirectories() async throws {
    try await withTemporaryDirectory { directory in
      for _ in 1...2 { try Files.makeDirectories("\(directory)/a//b/./c", mode: 0o700) }
      #expect(try Files.status("\(directory)/a/b/c")?.mode == 0o700)
      try Files.replaceDurably("\(directory)/file", with: [], mode: 0o600)
      #expect(
        throws: SystemCallError(call: "mkdir", subject: "\(directory)/file", errno: .fileExists)
      ) { try Files.makeDirectories("\(directory)/file", mode: 0o700) }
    }
  }

  @Test("Removal tells whether there was something, and never removes a full directory")
  func removal() async throws {
    try await withTemporaryDirectory { directory in
      try Files.makeDirectories("\(directory)/full/inner", mode: 0o700)
      #expect(
        throws: SystemCallError(
          call: "rmdir", subject: "\(directory)/full", errno: .directoryNotEmpty)
      ) { try Files.removeDirectory("\(directory)/full") }
      #expect(try Files.removeDirectory("\(directory)/full/inner"))
      #expect(try !Files.removeDirectory("\(directory)/full/inner"))
      try Files.replaceDurably("\(directory)/file", with: [], mode: 0o600)
      #expect(try Files.unlink("\(directory)/file"))
      #expect(try !Files.unlink("\(directory)/file"))
      try Files.removeDurably("\(directory)/file")
    }
  }

  @Test("A path with a NUL in it is refused, not cut")
  func nul() {
    #expect(
      throws: SystemCallError(call: "lstat", subject: "/tmp\0/x", errno: .invalidArgument)
    ) { try Files.status("/tmp\0/x") }
  }

  @Test("A file is read up to its limit and refused beyond", arguments: [0, 1, 65_536, 200_000])
  func read(size: Int) async throws {
    try await withTemporaryDirectory { directory in
      let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
      try Files.replaceDurably("\(directory)/file", with: bytes, mode: 0o600)
      #expect(try Files.read("\(directory)/file", limit: size) == bytes)
      if size > 0 {
        #expect(
          throws: SystemCallError(
            call: "read", subject: "\(directory)/file", errno: .fileTooLarge)
        ) { try Files.read("\(directory)/file", limit: size - 1) }
      }
    }
  }

  @Test("An attribute is written to an existing file only")
  func attribute() async throws {
    try await withTemporaryDirectory { directory in
      #expect(throws: SystemCallError.self) {
        try Files.writeAttribute("1", to: "\(directory)/none")
      }
      #expect(try Files.status("\(directory)/none") == nil)
      try Files.replaceDurably("\(directory)/attribute", with: Array("abc".utf8), mode: 0o600)
      try Files.writeAttribute("12", to: "\(directory)/attribute")
      #expect(try Files.read("\(directory)/attribute", limit: 9) == Array("12c".utf8))
    }
  }

  @Test("Replacing takes away what an earlier life left, and nothing else")
  func leftovers() async throws {
    try await withTemporaryDirectory { directory in
      for name in [".file.tmp-3w5e11264sgsf-1", ".file.tmp-", ".file.txt", ".other.tmp-1", "filex"]
      {
        try Files.replaceDurably("\(directory)/\(name)", with: [], mode: 0o600)
      }
      try Files.replaceDurably("\(directory)/file", with: [7], mode: 0o600)
      #expect(
        try Files.names(inDirectory: directory) == [".file.txt", ".other.tmp-1", "file", "filex"])
    }
  }

  @Test("When the rename fails the temporary file goes, and what was there stays")
  func replaceFails() async throws {
    try await withTemporaryDirectory { directory in
      try Files.makeDirectories("\(directory)/target/inner", mode: 0o700)
      #expect(
        throws: SystemCallError(
          call: "rename", subject: "\(directory)/target", errno: .isDirectory)
      ) { try Files.replaceDurably("\(directory)/target", with: [1], mode: 0o600) }
      #expect(
        throws: SystemCallError(
          call: "rename", subject: "\(directory)/target", errno: .isDirectory)
      ) {
        try Files.replaceWithBlockNode(
          "\(directory)/target", device: DeviceNumber(major: 259, minor: 1), mode: 0o600)
      }
      #expect(try Files.names(inDirectory: directory) == ["target"])
    }
  }

  @Test("Readers never see half a file while writers replace it")
  func atomicity() async throws {
    try await withTemporaryDirectory { directory in
      let path = "\(directory)/file"
      let contents = (0..<4).map { [UInt8](repeating: $0, count: 10_000) }
      try Files.replaceDurably(path, with: contents[0], mode: 0o600)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for bytes in contents {
          group.addTask {
            for _ in 0..<25 { try Files.replaceDurably(path, with: bytes, mode: 0o600) }
          }
        }
        for _ in 0..<2 {
          group.addTask {
            for _ in 0..<200 {
              let bytes = try Files.read(path, limit: 1 << 20)
              #expect(contents.contains(bytes))
            }
          }
        }
        try await group.waitForAll()
      }
      #expect(try Files.names(inDirectory: directory) == ["file"])
    }
  }

  @Test("A block node replaces a file and another node")
  func blockNode() async throws {
    try await withTemporaryDirectory { directory in
      let path = "\(directory)/node"
      try Files.replaceDurably(path, with: [], mode: 0o600)
      for minor: UInt32 in [7, 1_048_575] {
        let device = DeviceNumber(major: 259, minor: minor)
        try Files.replaceWithBlockNode(path, device: device, mode: 0o660)
        let status = try #require(try Files.status(path))
        #expect(status.kind == .blockDevice)
        #expect(status.representedDevice == device)
        #expect(status.mode == 0o660)
      }
      #expect(try Files.names(inDirectory: directory) == ["node"])
    }
  }

  @Test(
    "Links beneath the root are refused wherever they are; what is missing is not",
    arguments: [
      ("real/inner", nil), ("real/missing/deeper", nil), ("", nil), ("missing", nil),
      ("./real//inner/", nil), ("link", .tooManySymbolicLinkLevels),
      ("link/inner", .tooManySymbolicLinkLevels), ("link/missing", .tooManySymbolicLinkLevels),
      ("real/dangling", .tooManySymbolicLinkLevels),
      ("real/dangling/x", .tooManySymbolicLinkLevels), ("real/../real", .invalidArgument),
      ("../elsewhere", .invalidArgument), ("file/below", .notDirectory),
    ] as [(String, Errno?)])
  func symbolicLinks(relative: String, errno: Errno?) async throws {
    try await withTemporaryDirectory { directory in
      let root = "\(directory)/root"
      try Files.makeDirectories("\(root)/real/inner", mode: 0o700)
      try Files.replaceDurably("\(root)/file", with: [], mode: 0o600)
      makeLink("\(root)/link", to: "real")
      makeLink("\(root)/real/dangling", to: "nowhere")
      let path = "\(root)/\(relative)"
      if let errno {
        #expect(throws: SystemCallError(call: "openat2", subject: path, errno: errno)) {
          try Files.requireNoSymbolicLinks(in: path, beneath: root)
        }
      } else {
        try Files.requireNoSymbolicLinks(in: path, beneath: root)
      }
    }
  }

  @Test("A path outside of the root is refused, also one that only begins alike")
  func outside() async throws {
    try await withTemporaryDirectory { directory in
      for path in ["/etc", "\(directory)x/y"] {
        #expect(throws: SystemCallError(call: "openat2", subject: path, errno: .improperLink)) {
          try Files.requireNoSymbolicLinks(in: path, beneath: directory)
        }
      }
    }
  }
}

import Glibc
import SystemPackage
import Testing

@testable import Linux

@Suite struct DirectoryTests {
  /// Lends an open directory in a temporary one.
  private func withDirectory(_ body: (Directory, String) throws -> Void) async throws {
    try await withTemporaryDirectory { root in
      try Files.makeDirectories("\(root)/inner", mode: 0o700)
      try body(try Directory("\(root)/inner"), root)
    }
  }

  private func errno(_ body: () throws(SystemCallError) -> Void) -> Errno? {
    do throws(SystemCallError) { try body() } catch { return error.errno }
    return nil
  }

  @Test("A file is written whole, replaced, renamed and removed by name")
  func files() async throws {
    try await withDirectory { directory, root in
      for text in ["one", "two"] {
        try directory.replaceDurably(
          "a", with: Array(text.utf8), temporaryName: "a.half", mode: 0o600)
        #expect(try directory.read("a", limit: 10) == Array(text.utf8))
      }
      #expect(
        errno { () throws(SystemCallError) in _ = try directory.read("a", limit: 2) }
          == .fileTooLarge)
      try directory.rename("a", to: "b")
      #expect(try directory.names() == ["b"])
      #expect(try directory.names() == ["b"])
      #expect(try directory.status("a") == nil)
      #expect(try directory.status("b")?.size == 3)
      #expect(try Files.names(inDirectory: "\(root)/inner") == ["b"])
      #expect(try directory.unlink("b"))
      #expect(try !directory.unlink("b"))
    }
  }

  @Test("What a crash left under the temporary name is replaced")
  func leftover() async throws {
    try await withDirectory { directory, root in
      try Files.symbolicLink(at: "\(root)/inner/a.half", to: "\(root)/target")
      try directory.replaceDurably("a", with: [1], temporaryName: "a.half", mode: 0o600)
      #expect(try directory.names() == ["a"])
      #expect(try Files.status("\(root)/target") == nil)
    }
  }

  @Test(
    "No name leads out of the directory", arguments: ["", ".", "..", "../x", "a/b", "/x", "a\0b"])
  func names(name: String) async throws {
    try await withDirectory { directory, _ in
      let codes = [
        errno { () throws(SystemCallError) in _ = try directory.open(name, flags: O_RDONLY) },
        errno { () throws(SystemCallError) in _ = try directory.status(name) },
        errno { () throws(SystemCallError) in try directory.makeDirectory(name, mode: 0o700) },
        errno { () throws(SystemCallError) in try directory.unlink(name) },
        errno { () throws(SystemCallError) in try directory.rename(name, to: "c") },
        errno { () throws(SystemCallError) in try directory.rename("c", to: name) },
        errno { () throws(SystemCallError) in _ = try directory.directory(name) },
      ]
      #expect(codes == [Errno?](repeating: .invalidArgument, count: codes.count))
    }
  }

  @Test("No symbolic link is followed")
  func links() async throws {
    try await withDirectory { directory, root in
      try Files.replaceDurably("\(root)/target", with: [1], mode: 0o600)
      try Files.symbolicLink(at: "\(root)/inner/link", to: "\(root)/target")
      try Files.symbolicLink(at: "\(root)/inner/folder", to: root)
      #expect(
        errno { () throws(SystemCallError) in _ = try directory.read("link", limit: 9) }
          == .tooManySymbolicLinkLevels)
      #expect(
        errno { () throws(SystemCallError) in _ = try directory.directory("folder") }
          == .notDirectory)
      #expect(
        errno { () throws(SystemCallError) in try directory.makeDirectory("folder", mode: 0o700) }
          == .fileExists)
      #expect(try directory.status("link")?.kind == .symbolicLink)
    }
  }

  @Test("A directory that was moved away is still the one that was opened")
  func moved() async throws {
    try await withDirectory { directory, root in
      try Files.renameDurably("\(root)/inner", to: "\(root)/moved")
      try Files.makeDirectories("\(root)/inner", mode: 0o700)
      try directory.replaceDurably("a", with: [1], temporaryName: "b", mode: 0o600)
      #expect(try Files.names(inDirectory: "\(root)/moved") == ["a"])
      #expect(try Files.names(inDirectory: "\(root)/inner") == [])
    }
  }

  @Test("A file's room: length, blocks, holes, and a copy of a part")
  func space() async throws {
    try await withDirectory { directory, _ in
      let file = try directory.open("a", flags: O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
      try file.setSize(1 << 20)
      #expect(try file.space().size == 1 << 20)
      #expect(try file.space().allocated == 0)
      #expect(try file.nextData(from: 0) == nil)
      try Files.write(file.number, path: "a", [UInt8](repeating: 7, count: 4096))
      #expect(try file.nextData(from: 0) == 0..<4096)
      #expect(try file.nextData(from: 4096) == nil)
      let copy = try directory.open("b", flags: O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
      #expect(try copy.copy(from: file, offset: 0, length: 4096) == 4096)
      #expect(try copy.copy(from: file, offset: 1 << 20, length: 4096) == 0)
      #expect(try copy.space().size == 4096)
      try file.allocate(upTo: 2 << 20)
      #expect(try file.space().size == 1 << 20)
      #expect(try file.space().allocated >= 2 << 20)
      try copy.synchronize()
    }
  }

  @Test("A file system says how much it has")
  func statistics() async throws {
    try await withDirectory { directory, _ in
      let statistics = try directory.statistics()
      #expect(statistics.blocks >= statistics.blocksFree)
      #expect(statistics.blockSize >= 512)
      #expect(!statistics.readOnly)
    }
  }
}

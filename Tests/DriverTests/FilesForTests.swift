import Glibc
import SystemPackage

/// What only tests do to files.
enum FilesForTests {
  static func symbolicLink(at path: String, to destination: String) throws {
    guard unsafe symlink(destination, path) == 0 else { throw Errno(rawValue: errno) }
  }
}

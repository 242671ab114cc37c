internal import Glibc

extension Files {
  /// symlink(2): makes `path` a link to `destination`.
  public static func symbolicLink(at path: String, to destination: String) throws(SystemCallError) {
    try systemCall("symlink", path) { unsafe symlink(destination, path) }
  }
}

internal import Glibc

extension Files {
  /// symlink(2): makes `path` a link to `destination`.
  public static func symbolicLink(at path: String, to destination: String) throws(SystemCallError) {
    try systemCall("symlink", path) { unsafe symlink(destination, path) }
  }

  /// readlink(2): where a link leads; of those in /proc/PID/ns it names the namespace.
  public static func destination(of link: String) throws(SystemCallError) -> String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = try systemCall("readlink", link) {
      unsafe readlink(link, &buffer, buffer.count)
    }
    return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

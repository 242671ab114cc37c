internal import Glibc
internal import SystemPackage

extension Directory {
  /// Reads a whole small file; fails with EFBIG beyond `limit` bytes.
  package func read(_ name: String, limit: Int) throws(SystemCallError) -> [UInt8] {
    // A FIFO that somebody put there would keep an ordinary open waiting.
    let file = try open(name, flags: O_RDONLY | O_NONBLOCK)
    return try Files.read(file.number, path: "\(path)/\(name)", limit: limit)
  }

  /// Temporary name, fsync, rename, fsync of the directory, as `Files.replaceDurably`. The temporary
  /// name is the caller's choice and is replaced if it is there, so that a crash leaves something the
  /// caller knows.
  package func replaceDurably(
    _ name: String, with bytes: [UInt8], temporaryName: String, mode: UInt32
  ) throws(SystemCallError) {
    try unlink(temporaryName)
    do {
      let file = try open(temporaryName, flags: O_WRONLY | O_CREAT | O_EXCL, mode: mode)
      try Files.write(file.number, path: "\(path)/\(temporaryName)", bytes)
      try file.synchronize()
      try rename(temporaryName, to: name)
    } catch {
      // Best effort: the first error is the one that counts.
      _ = try? unlink(temporaryName)
      throw error
    }
    try synchronize()
  }
}

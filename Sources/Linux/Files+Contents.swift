internal import Glibc
internal import SystemPackage

extension Files {
  /// Reads a whole small file; fails with EFBIG beyond `limit` bytes.
  public static func read(_ path: String, limit: Int) throws(SystemCallError) -> [UInt8] {
    let descriptor = try open(path, O_RDONLY)
    defer { close(descriptor) }
    return try read(descriptor, path: path, limit: limit)
  }

  static func read(
    _ descriptor: Int32, path: String, limit: Int
  ) throws(SystemCallError) -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: min(limit, 65_535) + 1)
    while true {
      let count = try systemCall("read", path) {
        unsafe Glibc.read(descriptor, &chunk, chunk.count)
      }
      if count == 0 { return bytes }
      bytes += chunk[..<count]
      if bytes.count > limit {
        throw SystemCallError(call: "read", subject: path, errno: .fileTooLarge)
      }
    }
  }

  /// One write(2) to an existing file: sysfs and configfs attributes, where the write is the command
  /// and its errno the answer.  Never creates the file.
  public static func writeAttribute(_ value: String, to path: String) throws(SystemCallError) {
    let descriptor = try open(path, O_WRONLY)
    defer { close(descriptor) }
    let bytes = Array(value.utf8)
    let count = try systemCall("write", path) {
      unsafe Glibc.write(descriptor, bytes, bytes.count)
    }
    guard count == bytes.count else {
      throw SystemCallError(call: "write", subject: path, errno: .ioError)
    }
  }

  /// Temporary name, fsync, rename, fsync of the directory: after return the content survives a power
  /// cut; at no moment is there half a file.  `mode` is exact, whatever the umask.
  ///
  /// A crash leaves at most a file `.<name>.tmp-…` behind; the next call for the same path removes it.
  public static func replaceDurably(
    _ path: String, with bytes: [UInt8], mode: UInt32
  ) throws(SystemCallError) {
    let location = try Location(path)
    try location.removeLeftovers()
    let temporary = location.temporaryPath()
    do {
      try writeDurably(temporary, bytes, mode: mode)
      try systemCall("rename", path) { unsafe rename(temporary, path) }
    } catch {
      // Best effort: the error that counts is the first, and the next write removes leftovers.
      _ = unsafe Glibc.unlink(temporary)
      throw error
    }
    try synchronizeDirectory(location.directory)
  }

  /// unlink(2) and fsync of the directory: after return the file stays gone.  Already gone is fine.
  public static func removeDurably(_ path: String) throws(SystemCallError) {
    let location = try Location(path)
    try unlink(path)
    // Also when it was gone already: the one who unlinked it may have died before this.
    try synchronizeDirectory(location.directory)
  }

  /// rename(2) and fsync of the directories.  Replaces what is at `target`.
  public static func renameDurably(
    _ path: String, to target: String
  ) throws(SystemCallError) {
    let directories = Set([try Location(path).directory, try Location(target).directory])
    try systemCall("rename", "\(path) to \(target)") { unsafe rename(path, target) }
    for directory in directories { try synchronizeDirectory(directory) }
  }

  /// mknod(2) for a block device under a temporary name, then rename(2) over `path`, so that `path`
  /// never misses and never names anything but the old or the new device.  `mode` is exact, whatever
  /// the umask.
  public static func replaceWithBlockNode(
    _ path: String, device: DeviceNumber, mode: UInt32
  ) throws(SystemCallError) {
    let location = try Location(path)
    try location.removeLeftovers()
    let temporary = location.temporaryPath()
    do {
      try systemCall("mknod", path) { unsafe mknod(temporary, S_IFBLK | mode, dev_t(device.raw)) }
      try systemCall("chmod", path) { unsafe chmod(temporary, mode) }
      try systemCall("rename", path) { unsafe rename(temporary, path) }
    } catch {
      _ = unsafe Glibc.unlink(temporary)
      throw error
    }
  }

  /// Removes the temporary files for `path` that another life of this process left.  A directory that is
  /// not there has none.
  public static func removeLeftovers(of path: String) throws(SystemCallError) {
    let location = try Location(path)
    do {
      try location.removeLeftovers()
    } catch  where error.errno == .noSuchFileOrDirectory {
      return
    }
  }

  private static func writeDurably(
    _ path: String, _ bytes: [UInt8], mode: UInt32
  ) throws(SystemCallError) {
    let descriptor = try open(path, O_WRONLY | O_CREAT | O_EXCL, mode: mode)
    defer { close(descriptor) }
    try systemCall("fchmod", path) { fchmod(descriptor, mode) }
    try write(descriptor, path: path, bytes)
    try systemCall("fsync", path) { fsync(descriptor) }
  }

  static func write(
    _ descriptor: Int32, path: String, _ bytes: [UInt8]
  ) throws(SystemCallError) {
    var written = 0
    while written < bytes.count {
      written += try systemCall("write", path) {
        unsafe bytes.withUnsafeBytes { buffer in
          let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[written...])
          return unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
        }
      }
    }
  }

  static func synchronizeDirectory(_ path: String) throws(SystemCallError) {
    let descriptor = try open(path, O_RDONLY | O_DIRECTORY)
    defer { close(descriptor) }
    try systemCall("fsync", path) { fsync(descriptor) }
  }

  static func open(
    _ path: String, _ flags: Int32, mode: UInt32 = 0
  ) throws(SystemCallError) -> Int32 {
    try systemCall("open", path) { unsafe Glibc.open(path, flags | O_CLOEXEC, mode) }
  }
}

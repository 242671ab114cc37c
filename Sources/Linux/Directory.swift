internal import Glibc
internal import SystemPackage

/// An open directory and the files right in it, by name: whatever happens to the path that led here,
/// nothing outside of the directory is touched, and no symbolic link in it is followed.
///
/// Names are single steps; anything with a slash, `.` and `..` fail with EINVAL. As with `Files`, the
/// calls block.
package final class Directory: Sendable {
  /// What it was opened by, for messages.
  package let path: String
  let descriptor: Descriptor

  private init(_ path: String, _ descriptor: Descriptor) {
    self.path = path
    self.descriptor = descriptor
  }

  /// Opens a directory. Symbolic links on the way are followed.
  package convenience init(_ path: String) throws(SystemCallError) {
    self.init(path, try Descriptor.open(path, flags: O_RDONLY | O_DIRECTORY))
  }

  /// Opens a directory in this one; ENOTDIR for a symbolic link.
  package func directory(_ name: String) throws(SystemCallError) -> Directory {
    Directory("\(path)/\(name)", try open(name, flags: O_RDONLY | O_DIRECTORY))
  }

  /// mkdir(2), with `mode` less the umask; one that is there already is fine.
  package func makeDirectory(_ name: String, mode: UInt32) throws(SystemCallError) {
    do {
      try call("mkdirat", name) { unsafe mkdirat(descriptor.number, name, mode) }
    } catch  where error.errno == .fileExists {
      guard try status(name)?.kind == .directory else { throw error }
    }
  }

  /// open(2) with O_NOFOLLOW and O_CLOEXEC; ELOOP for a symbolic link.
  package func open(
    _ name: String, flags: Int32, mode: UInt32 = 0
  ) throws(SystemCallError) -> Descriptor {
    Descriptor(
      owning: try call("open", name) {
        unsafe openat(descriptor.number, name, flags | O_NOFOLLOW | O_CLOEXEC, mode)
      })
  }

  /// The names in it but for `.` and `..`, sorted.
  package func names() throws(SystemCallError) -> [String] {
    // A stream of its own: `descriptor` has one position for everybody.
    let own = try systemCall("open", path) {
      unsafe openat(descriptor.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    }
    return try Files.names(of: own, path: path)
  }

  /// lstat(2); nil when there is nothing of that name.
  package func status(_ name: String) throws(SystemCallError) -> FileStatus? {
    try rawStatus(name).map { FileStatus($0) }
  }

  /// lstat(2): what a regular file takes up; nil when there is none of that name.
  package func space(_ name: String) throws(SystemCallError) -> FileSpace? {
    guard let status = try rawStatus(name), FileStatus(status).kind == .regular else { return nil }
    return FileSpace(status)
  }

  private func rawStatus(_ name: String) throws(SystemCallError) -> stat? {
    var status = stat()
    do {
      try call("lstat", name) {
        unsafe fstatat(descriptor.number, name, &status, AT_SYMLINK_NOFOLLOW)
      }
    } catch  where error.errno == .noSuchFileOrDirectory {
      return nil
    }
    return status
  }

  /// Of the directory itself.
  package func status() throws(SystemCallError) -> FileStatus {
    var status = stat()
    try systemCall("fstat", path) { unsafe fstat(descriptor.number, &status) }
    return FileStatus(status)
  }

  /// rename(2) within the directory: replaces what is at `target`.
  package func rename(_ name: String, to target: String) throws(SystemCallError) {
    try check("rename", target)
    try call("rename", name) {
      unsafe renameat(descriptor.number, name, descriptor.number, target)
    }
  }

  /// unlink(2). Already gone is fine; returns whether there was one.
  @discardableResult
  package func unlink(_ name: String) throws(SystemCallError) -> Bool {
    do {
      try call("unlink", name) { unsafe unlinkat(descriptor.number, name, 0) }
      return true
    } catch  where error.errno == .noSuchFileOrDirectory {
      return false
    }
  }

  /// fsync(2) of the directory: what was named, renamed and unlinked in it stays so.
  package func synchronize() throws(SystemCallError) {
    try systemCall("fsync", path) { fsync(descriptor.number) }
  }

  /// fstatvfs(3) of the file system it is on.
  package func statistics() throws(SystemCallError) -> FileSystemStatistics {
    var status = statvfs()
    try systemCall("fstatvfs", path) { unsafe fstatvfs(descriptor.number, &status) }
    return FileSystemStatistics(
      blockSize: UInt64(status.f_frsize), blocks: UInt64(status.f_blocks),
      blocksFree: UInt64(status.f_bfree), blocksAvailable: UInt64(status.f_bavail),
      inodes: UInt64(status.f_files), inodesFree: UInt64(status.f_ffree),
      readOnly: status.f_flag & UInt(ST_RDONLY) != 0)
  }

  @discardableResult
  private func call(
    _ call: String, _ name: String, _ body: () -> Int32
  ) throws(SystemCallError) -> Int32 {
    try check(call, name)
    return try systemCall(call, "\(path)/\(name)", body)
  }

  private func check(_ call: String, _ name: String) throws(SystemCallError) {
    guard !["", ".", ".."].contains(name), !name.utf8.contains(UInt8(ascii: "/")),
      !name.utf8.contains(0)
    else {
      throw SystemCallError(call: call, subject: "\(path)/\(name)", errno: .invalidArgument)
    }
  }
}

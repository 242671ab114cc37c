internal import CLinux
internal import Glibc
internal import SystemPackage

/// Files by path: one throwing function per system call.
///
/// They block the calling thread for as long as the kernel takes. That is nothing for the driver's own
/// files, sysfs and configfs, but calls on a volume's file system belong into `IsolatedCalls`.
public enum Files {
  /// lstat(2); nil when nothing is there (ENOENT, ENOTDIR).
  public static func status(_ path: String) throws(SystemCallError) -> FileStatus? {
    var status = stat()
    do {
      try systemCall("lstat", path) { unsafe lstat(path, &status) }
    } catch  where error.errno == .noSuchFileOrDirectory || error.errno == .notDirectory {
      return nil
    }
    return FileStatus(status)
  }

  /// mkdir(2), parents included, each with `mode` less the umask; existing directories are fine.
  public static func makeDirectories(_ path: String, mode: UInt32) throws(SystemCallError) {
    var prefix = path.utf8.first == UInt8(ascii: "/") ? "" : "."
    for component in components(of: path) {
      prefix += "/" + component
      do {
        try systemCall("mkdir", prefix) { unsafe mkdir(prefix, mode) }
      } catch  where error.errno == .fileExists {
        var status = stat()
        try systemCall("stat", prefix) { unsafe stat(prefix, &status) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw error }
      }
    }
  }

  /// mkdir(2), one directory, with `mode` less the umask; false when something of that name is there.
  /// In configfs this is the command that makes an object.
  public static func makeDirectory(_ path: String, mode: UInt32) throws(SystemCallError) -> Bool {
    do {
      try systemCall("mkdir", path) { unsafe mkdir(path, mode) }
      return true
    } catch  where error.errno == .fileExists {
      return false
    }
  }

  /// Whether a file can be opened with O_DIRECT, which not every file system can (EINVAL).
  public static func acceptsDirectIO(_ path: String) throws(SystemCallError) -> Bool {
    do {
      close(try systemCall("open", path) { unsafe clinux_open_direct(path) })
      return true
    } catch  where error.errno == .invalidArgument {
      return false
    }
  }

  /// chmod(2): follows symbolic links.
  public static func setMode(_ path: String, _ mode: UInt32) throws(SystemCallError) {
    try systemCall("chmod", path) { unsafe chmod(path, mode) }
  }

  /// rmdir(2): only an empty directory.  Never recursive.  Already gone is fine; returns whether there
  /// was one.
  @discardableResult
  public static func removeDirectory(_ path: String) throws(SystemCallError) -> Bool {
    try unlessGone { () throws(SystemCallError) in
      try systemCall("rmdir", path) { unsafe rmdir(path) }
    }
  }

  /// unlink(2).  Already gone is fine; returns whether there was one.
  @discardableResult
  public static func unlink(_ path: String) throws(SystemCallError) -> Bool {
    try unlessGone { () throws(SystemCallError) in
      try systemCall("unlink", path) { unsafe Glibc.unlink(path) }
    }
  }

  private static func unlessGone(
    _ remove: () throws(SystemCallError) -> Void
  ) throws(SystemCallError) -> Bool {
    do {
      try remove()
      return true
    } catch  where error.errno == .noSuchFileOrDirectory {
      return false
    }
  }

  /// The names in a directory but for `.` and `..`, sorted.
  public static func names(inDirectory path: String) throws(SystemCallError) -> [String] {
    try names(of: try open(path, O_RDONLY | O_DIRECTORY), path: path)
  }

  /// Closes the descriptor.
  static func names(of descriptor: Int32, path: String) throws(SystemCallError) -> [String] {
    guard let directory = unsafe fdopendir(descriptor) else {
      let error = Errno(rawValue: errno)
      close(descriptor)
      throw SystemCallError(call: "fdopendir", subject: path, errno: error)
    }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    while true {
      // The only way to tell the end from an error.
      errno = 0
      guard let entry = unsafe readdir(directory) else {
        if errno == 0 { return names.sorted() }
        throw SystemCallError(call: "readdir", subject: path, errno: Errno(rawValue: errno))
      }
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
  }

  /// Opens `path` beneath `root` with openat2(2) RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS and closes it
  /// again: fails with ELOOP if any component beneath `root` is a symbolic link.  Missing trailing
  /// components are fine.  `..` is refused with EINVAL, a path outside of `root` with EXDEV.
  public static func requireNoSymbolicLinks(
    in path: String, beneath root: String
  ) throws(SystemCallError) {
    let call = "openat2"
    var components = components(of: path)
    let above = self.components(of: root)
    guard components.starts(with: above, by: { $0.utf8.elementsEqual($1.utf8) }) else {
      throw SystemCallError(call: call, subject: path, errno: .improperLink)
    }
    guard !components.contains("..") else {
      throw SystemCallError(call: call, subject: path, errno: .invalidArgument)
    }
    components.removeFirst(above.count)
    let anchor = try open(root, O_RDONLY | O_DIRECTORY)
    defer { close(anchor) }
    while !components.isEmpty {
      let relative = components.joined(separator: "/")
      do throws(SystemCallError) {
        let descriptor = try systemCall(call, path) {
          unsafe clinux_open_path(anchor, relative, 1)
        }
        close(descriptor)
        return
      } catch  where error.errno == .noSuchFileOrDirectory {
        components.removeLast()
      }
    }
  }

  /// The steps of a path.  By bytes, as the kernel: to Swift a slash with a combining mark behind it is
  /// another character than a slash.
  private static func components(of path: String) -> [String] {
    path.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }.filter { $0 != "." }
  }
}

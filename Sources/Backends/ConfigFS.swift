internal import Linux
internal import SystemPackage

/// The kernel's `nvmet` directory in configfs, by paths below it: `subsystems/<nqn>/attr_model`.
///
/// Each call is one system call, and in configfs most of them are commands: mkdir makes an object with
/// its attributes, symlink exports or allows, a write to an attribute acts.
protocol ConfigFS: Sendable {
  /// Where it is, for messages.
  var root: String { get }

  /// The names in a directory, sorted.
  func names(in directory: String) throws(SystemCallError) -> [String]
  /// Whether something of that name is there.
  func exists(_ path: String) throws(SystemCallError) -> Bool
  /// An attribute without the blanks and the newline at its end.
  func read(_ attribute: String) throws(SystemCallError) -> String
  /// One write(2) to an attribute that is there.
  func write(_ value: String, to attribute: String) throws(SystemCallError)
  /// mkdir(2); false when it is there.
  func makeDirectory(_ path: String) throws(SystemCallError) -> Bool
  /// rmdir(2); false when there is none.
  func removeDirectory(_ path: String) throws(SystemCallError) -> Bool
  /// symlink(2) to an object; false when something of that name is there.
  func link(_ path: String, to object: String) throws(SystemCallError) -> Bool
  /// unlink(2); false when there is none.
  func unlink(_ path: String) throws(SystemCallError) -> Bool
}

/// The real one.
struct KernelConfigFS: ConfigFS {
  let root: String

  func names(in directory: String) throws(SystemCallError) -> [String] {
    try Files.names(inDirectory: path(directory))
  }

  func exists(_ path: String) throws(SystemCallError) -> Bool {
    try Files.status(self.path(path)) != nil
  }

  func read(_ attribute: String) throws(SystemCallError) -> String {
    // configfs gives no attribute more than a page.
    let bytes = try Files.read(path(attribute), limit: 4096)
    let end = bytes.lastIndex { $0 > 0x20 }.map { $0 + 1 } ?? 0
    return String(decoding: bytes[..<end], as: UTF8.self)
  }

  func write(_ value: String, to attribute: String) throws(SystemCallError) {
    try Files.writeAttribute(value, to: path(attribute))
  }

  func makeDirectory(_ path: String) throws(SystemCallError) -> Bool {
    try Files.makeDirectory(self.path(path), mode: 0o755)
  }

  func removeDirectory(_ path: String) throws(SystemCallError) -> Bool {
    try Files.removeDirectory(self.path(path))
  }

  func link(_ path: String, to object: String) throws(SystemCallError) -> Bool {
    do {
      try Files.symbolicLink(at: self.path(path), to: self.path(object))
      return true
    } catch  where error.errno == .fileExists {
      return false
    }
  }

  func unlink(_ path: String) throws(SystemCallError) -> Bool {
    try Files.unlink(self.path(path))
  }

  private func path(_ path: String) -> String { "\(root)/\(path)" }
}

/// Stops before the next step once whoever waited has given up: what it would do then, nobody expects
/// any more, and somebody else may be at work on the same objects.
struct AbandonableConfigFS: ConfigFS {
  let base: any ConfigFS
  let isGivenUp: @Sendable () -> Bool

  var root: String { base.root }

  func names(in directory: String) throws(SystemCallError) -> [String] {
    try step("readdir", directory)
    return try base.names(in: directory)
  }

  func exists(_ path: String) throws(SystemCallError) -> Bool {
    try step("lstat", path)
    return try base.exists(path)
  }

  func read(_ attribute: String) throws(SystemCallError) -> String {
    try step("read", attribute)
    return try base.read(attribute)
  }

  func write(_ value: String, to attribute: String) throws(SystemCallError) {
    try step("write", attribute)
    try base.write(value, to: attribute)
  }

  func makeDirectory(_ path: String) throws(SystemCallError) -> Bool {
    try step("mkdir", path)
    return try base.makeDirectory(path)
  }

  func removeDirectory(_ path: String) throws(SystemCallError) -> Bool {
    try step("rmdir", path)
    return try base.removeDirectory(path)
  }

  func link(_ path: String, to object: String) throws(SystemCallError) -> Bool {
    try step("symlink", path)
    return try base.link(path, to: object)
  }

  func unlink(_ path: String) throws(SystemCallError) -> Bool {
    try step("unlink", path)
    return try base.unlink(path)
  }

  private func step(_ call: String, _ path: String) throws(SystemCallError) {
    guard isGivenUp() else { return }
    throw SystemCallError(call: call, subject: "\(root)/\(path)", errno: .canceled)
  }
}

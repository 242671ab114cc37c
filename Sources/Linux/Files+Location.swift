internal import Synchronization
internal import SystemPackage

extension Files {
  /// A path as its directory and its name, and the temporary files that belong to it.
  struct Location {
    let directory: String
    let name: String

    /// Fails with EINVAL for a path that ends in no name.
    init(_ path: String) throws(SystemCallError) {
      // By bytes, as the kernel: a slash with a combining mark behind it is one character to Swift.
      let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
      name = String(slash.map { path[path.utf8.index(after: $0)...] } ?? path[...])
      directory =
        switch slash {
        case nil: "."
        case path.startIndex: "/"
        case .some(let slash): String(path[..<slash])
        }
      guard !["", ".", ".."].contains(name) else {
        throw SystemCallError(call: "rename", subject: path, errno: .invalidArgument)
      }
    }

    /// Tells this process' temporary files, which another thread may be writing, from what a dead one
    /// left.  Process ids do not: in a container each life of the driver has the same.
    private static let life = String(UInt64.random(in: .min ... .max), radix: 36)
    private static let counter = Atomic<UInt64>(0)

    private var prefix: String { ".\(name).tmp-" }

    func temporaryPath() -> String {
      let number = Self.counter.add(1, ordering: .relaxed).newValue
      return "\(directory)/\(prefix)\(Self.life)-\(number)"
    }

    func removeLeftovers() throws(SystemCallError) {
      for other in try names(inDirectory: directory)
      where other.utf8.starts(with: prefix.utf8)
        && !other.utf8.starts(with: (prefix + Self.life).utf8)
      {
        try unlink("\(directory)/\(other)")
      }
    }
  }
}

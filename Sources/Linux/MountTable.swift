/// A snapshot of the mount table in mount order: the last entry for a mount point is the one on top.
public struct MountTable: Sendable {
  /// All mounts, in the kernel's order.
  public let mounts: [MountInfo]

  /// A malformed line fails the whole table: a mount that we cannot read must not look unmounted.
  public init(parsing text: String) throws(MountTableError) {
    try self.init(parsing: Array(text.utf8))
  }

  init(parsing bytes: [UInt8]) throws(MountTableError) {
    var mounts: [MountInfo] = []
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      guard let mount = MountInfo(line: line) else {
        throw MountTableError(line: String(decoding: line, as: UTF8.self))
      }
      mounts.append(mount)
    }
    self.mounts = mounts
  }

  /// Reads `<procRoot>/self/mountinfo`.  Throws `SystemCallError` or `MountTableError`.
  ///
  /// The text comes in several reads, between which mounts may come and go.  Since Linux 5.8 the
  /// kernel marks the place in its list, so a mount that was there all along is in the text once.
  public static func current(procRoot: String = "/proc") throws -> MountTable {
    try MountTable(parsing: Files.read("\(procRoot)/self/mountinfo", limit: 1 << 26))
  }

  /// All mounts stacked at exactly this path, bottom first.
  public func mounts(at path: String) -> [MountInfo] {
    mounts.filter { $0.mountPoint.utf8.elementsEqual(path.utf8) }
  }

  /// All mounts of the file system on a device, bind mounts included.
  public func mounts(of device: DeviceNumber) -> [MountInfo] {
    mounts.filter { $0.device == device }
  }

  /// The mount that a path is on, as the kernel walks: from the root mount up, at each directory onto
  /// what is mounted there.  That is the longest mount point that is a prefix, unless a mount made
  /// later hides it.  Nil for a relative path, or when the table has no root.
  public func mount(containing path: String) -> MountInfo? {
    let candidates = mounts.filter { Self.isPath(path, atOrBelow: $0.mountPoint) }
    let ids = Set(mounts.map(\.id))
    var current: MountInfo?
    var visited: Set<UInt64> = []
    while true {
      let next = candidates.filter { mount in
        guard !visited.contains(mount.id) else { return false }
        return if let current {
          mount.parentID == current.id
        } else {
          mount.parentID == mount.id || !ids.contains(mount.parentID)
        }
      }
      guard let shortest = next.map(\.mountPoint.utf8.count).min(),
        let mount = next.last(where: { $0.mountPoint.utf8.count == shortest })
      else { return current }
      visited.insert(mount.id)
      current = mount
    }
  }

  /// By bytes, as the kernel: Swift's strings are equal when they look equal.
  private static func isPath(_ path: String, atOrBelow directory: String) -> Bool {
    let slash = UInt8(ascii: "/")
    let path = path.utf8
    guard path.first == slash, path.starts(with: directory.utf8) else { return false }
    let rest = path.dropFirst(directory.utf8.count)
    return directory == "/" || rest.isEmpty || rest.first == slash
  }
}

/// A line of mountinfo that is not as proc_pid_mountinfo(5) says.
public struct MountTableError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The whole line.
  public let line: String
  /// Names a malformed line.
  public init(line: String) { self.line = line }
  /// Names the line.
  public var description: String { "malformed mountinfo line: \(line)" }
}

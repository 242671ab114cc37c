internal import Linux

/// The path of a mount point as mountinfo writes it: absolute, with no empty, `.` or `..` component.
struct MountPoint: Hashable, Sendable, CustomStringConvertible {
  let path: String

  /// Takes out empty and `.` components; throws for a path that is relative, has a NUL, or climbs.
  init(_ text: String, for action: String) throws(MountError) {
    let slash = UInt8(ascii: "/")
    let components = text.utf8.split(separator: slash).filter { !$0.elementsEqual(".".utf8) }
    guard text.utf8.first == slash, !text.utf8.contains(0),
      !components.contains(where: { $0.elementsEqual("..".utf8) })
    else {
      throw MountError(
        code: .other,
        message: "\(action): \(text.debugDescription) is not an absolute path without '..'")
    }
    path = "/" + components.map { String(Substring($0)) }.joined(separator: "/")
  }

  var description: String { path }
}

extension MountTable {
  /// The mount that a path walk ends on when it ends at this mount point; nil when none is there, or
  /// those that are there are hidden under a mount further up.
  ///
  /// Not simply the last of the stack: with propagation a mount can slip in beneath another.
  func top(at point: MountPoint) -> MountInfo? {
    guard let found = mount(containing: point.path),
      found.mountPoint.utf8.elementsEqual(point.path.utf8)
    else { return nil }
    return found
  }
}

extension MountInfo {
  /// For messages: `/dev/nvme0n1 (259:1, ext4)`, with its root where that is not the file system's.
  var summary: String {
    "\(source) (\(device), \(fileSystemType)\(root == "/" ? "" : ", \(root) of it"))"
  }
}

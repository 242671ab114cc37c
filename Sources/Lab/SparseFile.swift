internal import Linux
internal import SystemPackage

/// Backing files of the lab's volumes.
enum SparseFile {
  /// Makes the file if it is not there, and gives it `size` bytes; bytes beyond the old end are zero.
  static func resize(_ path: String, to size: UInt64) throws(SystemCallError) {
    do {
      let file = try FileDescriptor.open(
        FilePath(path), .writeOnly, options: [.create, .closeOnExec],
        permissions: [.ownerReadWrite])
      try file.closeAfter { try file.resize(to: Int64(size)) }
    } catch {
      throw SystemCallError(
        call: "ftruncate", subject: path, errno: (error as? Errno) ?? .ioError)
    }
  }
}

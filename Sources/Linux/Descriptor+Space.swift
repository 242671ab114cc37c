internal import CLinux
internal import Glibc
internal import SystemPackage

/// What a file takes up.
package struct FileSpace: Hashable, Sendable {
  /// Its length in bytes.
  package let size: Int64
  /// Bytes of blocks that it has, shared ones included.
  package let allocated: Int64
  /// When its content changed last, in nanoseconds since 1970; the kernel's clock tick is as fine as
  /// this gets.
  package let modified: Int64

  init(_ status: stat) {
    size = Int64(status.st_size)
    allocated = Int64(status.st_blocks) * 512
    modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
  }
}

/// Length, holes and blocks of an open file. Messages name the descriptor: the caller knows the path.
extension Descriptor {
  /// fstat(2).
  package func space() throws(SystemCallError) -> FileSpace {
    var status = stat()
    try call("fstat") { unsafe fstat(number, &status) }
    return FileSpace(status)
  }

  /// Bytes that this file shares with others (FS_IOC_FIEMAP): writing to them takes up room elsewhere.
  /// EOPNOTSUPP where the file system cannot tell.
  package func sharedBytes() throws(SystemCallError) -> Int64 {
    var offset: UInt64 = 0
    var shared: UInt64 = 0
    while try call("fiemap", { unsafe clinux_shared_extents(number, &offset, &shared) }) == 0 {}
    return Int64(clamping: shared)
  }

  /// ftruncate(2).
  package func setSize(_ size: Int64) throws(SystemCallError) {
    try call("ftruncate") { ftruncate(number, Int(size)) }
  }

  /// fallocate(2): every byte up to `size` has its block, and the file stays as long as it is.
  package func allocate(upTo size: Int64) throws(SystemCallError) {
    try call("fallocate") { clinux_allocate(number, 0, size, 1) }
  }

  /// FICLONE: this file, which is empty, becomes what `source` is at one instant.
  package func clone(_ source: Descriptor) throws(SystemCallError) {
    try call("ioctl FICLONE") { clinux_clone(number, source.number) }
  }

  /// copy_file_range(2), at the same offset of both; returns the bytes copied.
  package func copy(
    from source: Descriptor, offset: Int64, length: Int64
  ) throws(SystemCallError) -> Int64 {
    try systemCall("copy_file_range", "descriptor \(number)") {
      clinux_copy_range(source.number, number, offset, length)
    }
  }

  /// The next bytes at or after `offset` that are no hole; nil when only a hole follows.
  package func nextData(from offset: Int64) throws(SystemCallError) -> Range<Int64>? {
    do {
      let start = try systemCall("lseek", "descriptor \(number)") {
        clinux_seek(number, offset, 0)
      }
      let end = try systemCall("lseek", "descriptor \(number)") { clinux_seek(number, start, 1) }
      return start..<end
    } catch  where error.errno == .noSuchAddressOrDevice {
      return nil
    }
  }

  /// fsync(2).
  package func synchronize() throws(SystemCallError) { try call("fsync") { fsync(number) } }

  /// BLKGETSIZE64 of a block device.
  package func deviceSize() throws(SystemCallError) -> Int64 {
    var size: UInt64 = 0
    try call("ioctl BLKGETSIZE64") { unsafe clinux_device_size(number, &size) }
    return Int64(clamping: size)
  }

  /// BLKZEROOUT of a block device: the range reads as zeros afterwards.
  package func zeroOut(_ range: Range<Int64>) throws(SystemCallError) {
    try call("ioctl BLKZEROOUT") {
      clinux_zero_out(number, UInt64(range.lowerBound), UInt64(range.count))
    }
  }

  @discardableResult
  private func call(
    _ call: String, _ body: () -> Int32
  ) throws(SystemCallError) -> Int32 {
    try systemCall(call, "descriptor \(number)", body)
  }
}

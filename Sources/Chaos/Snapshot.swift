import Foundation
import Glibc
import Lab

/// The bytes of a backing file, without its holes.
struct Snapshot: Equatable {
  private var size: off_t
  private var extents: [off_t: Data] = [:]

  /// lseek(2)'s SEEK_DATA and SEEK_HOLE, which Swift does not import.
  private static let seekData: Int32 = 3
  private static let seekHole: Int32 = 4

  init(_ path: String) throws {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw LabError("open \(path): errno \(errno)") }
    defer { close(file) }
    size = lseek(file, 0, SEEK_END)
    var offset: off_t = 0
    while offset < size {
      let begin = lseek(file, offset, Self.seekData)
      guard begin >= 0 else { break }
      offset = lseek(file, begin, Self.seekHole)
      var data = Data(count: Int(offset - begin))
      let count = data.withUnsafeMutableBytes { pread(file, $0.baseAddress, $0.count, begin) }
      guard count == data.count else { throw LabError("read \(path): errno \(errno)") }
      // A page of zeros is no change to a hole.
      if data.contains(where: { $0 != 0 }) { extents[begin] = data }
    }
  }
}

/// What tells one making of a file system from the next: its UUID, read from the device's bytes.
///
/// Linux fs/ext4/ext4.h, struct ext4_super_block s_uuid; fs/xfs/libxfs/xfs_format.h, sb_uuid.
func fileSystemUUID(in path: String, type: String) throws -> Data {
  let file = open(path, O_RDONLY | O_CLOEXEC)
  guard file >= 0 else { throw LabError("open \(path): errno \(errno)") }
  defer { close(file) }
  var data = Data(count: 16)
  let offset: off_t = type == "xfs" ? 32 : 1_024 + 0x68
  let count = data.withUnsafeMutableBytes { pread(file, $0.baseAddress, 16, offset) }
  guard count == 16 else { throw LabError("read \(path): errno \(errno)") }
  return data
}

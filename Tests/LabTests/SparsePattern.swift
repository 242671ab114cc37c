import Foundation
import Glibc
import Lab

/// Data with holes between, over a whole raw block volume: a MiB of every four is written, and each
/// page of it is like no other.
struct SparsePattern {
  private static let chunk = 1 << 20
  private static let page = 4096

  /// In bytes; whole MiB.
  let size: Int64
  /// Two patterns of one size differ by it.
  let stamp: UInt64

  /// Writes the data and nothing into the holes.
  func write(to path: String) throws {
    try walk(path, O_WRONLY) { file, offset, expected, isData in
      guard isData else { return }
      guard pwrite(file, expected, Self.chunk, offset) == Self.chunk else {
        throw LabError("write to \(path) at \(offset): errno \(errno)")
      }
    } atEnd: { file in
      guard fsync(file) == 0 else { throw LabError("sync \(path): errno \(errno)") }
    }
  }

  /// Reads all of it, past the page cache; fails at the first chunk that is not as written, or not zero
  /// where nothing was.
  func verify(at path: String) throws {
    let found = UnsafeMutableRawPointer.allocate(byteCount: Self.chunk, alignment: Self.page)
    defer { found.deallocate() }
    try walk(path, O_RDONLY) { file, offset, expected, isData in
      guard pread(file, found, Self.chunk, offset) == Self.chunk else {
        throw LabError("read \(path) at \(offset): errno \(errno)")
      }
      guard memcmp(found, expected, Self.chunk) == 0 else {
        throw LabError("\(path): not the \(isData ? "data" : "zeros") expected at \(offset)")
      }
    } atEnd: { file in
      guard lseek(file, 0, SEEK_END) == off_t(size) else {
        throw LabError("\(path) does not have \(size) bytes")
      }
    }
  }

  private func walk(
    _ path: String, _ flags: Int32,
    _ body: (Int32, off_t, UnsafeRawPointer, Bool) throws -> Void,
    atEnd: (Int32) throws -> Void
  ) throws {
    let file = open(path, flags | Self.direct | O_CLOEXEC)
    guard file >= 0 else { throw LabError("open \(path): errno \(errno)") }
    defer { close(file) }
    let data = UnsafeMutableRawPointer.allocate(byteCount: Self.chunk, alignment: Self.page)
    let zeros = UnsafeMutableRawPointer.allocate(byteCount: Self.chunk, alignment: Self.page)
    defer {
      data.deallocate()
      zeros.deallocate()
    }
    memset(data, 0xa5, Self.chunk)
    memset(zeros, 0, Self.chunk)
    for number in 0..<size / Int64(Self.chunk) {
      let offset = number * Int64(Self.chunk)
      let isData = number % 4 == 1
      if isData {
        for page in stride(from: 0, to: Self.chunk, by: Self.page) {
          data.storeBytes(of: offset + Int64(page), toByteOffset: page, as: Int64.self)
          data.storeBytes(of: stamp, toByteOffset: page + 8, as: UInt64.self)
        }
      }
      try body(file, off_t(offset), UnsafeRawPointer(isData ? data : zeros), isData)
    }
    try atEnd(file)
  }

  /// O_DIRECT, which Swift does not import.
  #if arch(arm64)
    private static let direct: Int32 = 0o200000
  #else
    private static let direct: Int32 = 0o40000
  #endif
}

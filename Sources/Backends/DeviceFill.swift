internal import Glibc
internal import Linux
internal import SystemPackage

/// Gives a new block device its bytes: first a copy of another's, then zeros.
struct DeviceFill {
  /// How much is done between two looks at the clock.
  private static let copyPiece: Int64 = 4 << 20
  private static let zeroPiece: Int64 = 256 << 20

  let device: String
  let source: String?
  /// The first bytes, which are copied.
  let copied: Int64
  /// What is zeroed.
  let zeroed: Range<Int64>

  /// Fails with `timedOut` when it was given up.
  func run(progress: Progress, isGivenUp: () -> Bool) throws(BackendError) {
    let action = "fill \(device)"
    let (target, size) = try BackendError.attempt(action) { () throws(SystemCallError) in
      let target = try Descriptor.open(device, flags: O_RDWR)
      return (target, try target.deviceSize())
    }
    guard size == zeroed.upperBound else {
      throw BackendError(
        .failed, "\(action): it has \(size) bytes where \(zeroed.upperBound) were made")
    }
    let total = copied + Int64(zeroed.count)
    var done: Int64 = 0
    if let source {
      let origin = try BackendError.attempt(action) { () throws(SystemCallError) in
        try Descriptor.open(source, flags: O_RDONLY)
      }
      var buffer = [UInt8](repeating: 0, count: Int(min(Self.copyPiece, max(copied, 1))))
      while done < copied {
        try check(isGivenUp, done, total)
        let count = Int(min(Int64(buffer.count), copied - done))
        try copy(origin, target, &buffer, count, at: done)
        done += Int64(count)
        progress(done, total)
      }
    }
    var offset = zeroed.lowerBound
    while offset < zeroed.upperBound {
      try check(isGivenUp, done, total)
      let end = min(offset + Self.zeroPiece, zeroed.upperBound)
      try BackendError.attempt(action) { () throws(SystemCallError) in
        try target.zeroOut(offset..<end)
      }
      done += end - offset
      offset = end
      progress(done, total)
    }
    try BackendError.attempt(action) { () throws(SystemCallError) in try target.synchronize() }
  }

  private func copy(
    _ source: Descriptor, _ target: Descriptor, _ buffer: inout [UInt8], _ count: Int,
    at offset: Int64
  ) throws(BackendError) {
    do {
      let read = FileDescriptor(rawValue: source.number)
      let write = FileDescriptor(rawValue: target.number)
      try unsafe buffer.withUnsafeMutableBytes { bytes in
        let piece = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[..<count])
        var have = 0
        while have < count {
          let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: piece[have...])
          let more = try unsafe read.read(
            fromAbsoluteOffset: offset + Int64(have), into: rest)
          guard more > 0 else { throw Errno.ioError }
          have += more
        }
        _ = try unsafe write.writeAll(toAbsoluteOffset: offset, piece)
      }
    } catch {
      throw BackendError(.failed, "fill \(device): copy \(count) bytes at \(offset)", cause: error)
    }
  }

  private func check(
    _ isGivenUp: () -> Bool, _ done: Int64, _ total: Int64
  ) throws(BackendError) {
    guard !isGivenUp() else {
      throw BackendError(
        .timedOut, "fill \(device): \(done) of \(total) bytes were done when it was given up")
    }
  }
}

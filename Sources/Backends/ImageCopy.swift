internal import Linux
internal import SystemPackage

/// Copies an image into an empty file, holes left out.
struct ImageCopy {
  /// How much is copied between two looks at the clock.
  private static let piece: Int64 = 16 << 20

  let action: String
  let source: Descriptor
  let target: Descriptor
  let size: Int64

  /// Fails with `timedOut` when it was given up, and with `inUse` when somebody wrote to the source
  /// meanwhile: then the copy is of no instant.
  func run(progress: Progress, isGivenUp: () -> Bool) throws(BackendError) {
    let before = try measure()
    var offset: Int64 = 0
    while offset < size, let data = try nextData(from: offset) {
      offset = data.lowerBound
      let end = min(data.upperBound, size)
      while offset < end {
        guard !isGivenUp() else {
          throw BackendError(
            .timedOut, "\(action): \(offset) of \(size) bytes were copied when it was given up")
        }
        offset += try copy(offset, min(Self.piece, end - offset))
        progress(offset, size)
      }
    }
    progress(size, size)
    let after = try measure()
    guard after.modified == before.modified, after.size == before.size else {
      throw BackendError(
        .inUse,
        "\(action): its source was written to while it was copied, and this file system cannot copy "
          + "at one instant; unpublish the source, or keep the pool on xfs or btrfs with reflinks")
    }
  }

  private func copy(_ offset: Int64, _ length: Int64) throws(BackendError) -> Int64 {
    let count = try BackendError.attempt(action) { () throws(SystemCallError) in
      try target.copy(from: source, offset: offset, length: length)
    }
    guard count > 0 else {
      throw BackendError(.failed, "\(action): its source became shorter while it was copied")
    }
    return count
  }

  private func nextData(from offset: Int64) throws(BackendError) -> Range<Int64>? {
    try BackendError.attempt(action) { () throws(SystemCallError) in
      try source.nextData(from: offset)
    }
  }

  private func measure() throws(BackendError) -> FileSpace {
    try BackendError.attempt(action) { () throws(SystemCallError) in try source.space() }
  }
}

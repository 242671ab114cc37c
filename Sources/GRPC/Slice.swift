internal import CGRPC

// Sendable: the core counts references atomically, the bytes do not change after `init`, and a
// noncopyable value has one owner.

/// Bytes owned by the C core: one message.
///
/// A message is packed straight into a slice and parsed straight out of one, so that it is never
/// copied on its way through Swift.
public struct Slice: ~Copyable, @unchecked Sendable {
  private let storage: cgrpc_slice

  /// Takes the slice over.
  init(_ storage: cgrpc_slice) { self.storage = storage }

  /// Allocates `size` bytes and has `initializing` write every one of them.
  public init(
    size: Int, initializing: (UnsafeMutableRawBufferPointer) throws -> Void
  ) rethrows {
    var slice = cgrpc_slice_allocate(size)
    do {
      // The core keeps small slices inside the struct: the pointer is good where the struct lies.
      try unsafe withUnsafeMutablePointer(to: &slice) { slice in
        let start = unsafe cgrpc_slice_start(slice)
        try unsafe initializing(UnsafeMutableRawBufferPointer(start: start, count: size))
      }
    } catch {
      cgrpc_slice_release(slice)
      throw error
    }
    self.storage = slice
  }

  deinit { cgrpc_slice_release(storage) }

  /// Number of bytes.
  public var count: Int { unsafe withUnsafePointer(to: storage) { unsafe cgrpc_slice_length($0) } }

  /// The bytes, valid while `body` runs.
  public borrowing func withUnsafeBytes<R: ~Copyable, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    try unsafe withCoreSlice { (slice) throws(E) in
      // `cgrpc_slice_start` serves writers too; nothing is written here.
      let start = unsafe cgrpc_slice_start(UnsafeMutablePointer(mutating: slice))
      return try unsafe body(
        UnsafeRawBufferPointer(start: start, count: cgrpc_slice_length(slice)))
    }
  }

  /// The core's struct, for functions that take references of their own.
  borrowing func withCoreSlice<R: ~Copyable, E: Error>(
    _ body: (UnsafePointer<cgrpc_slice>) throws(E) -> R
  ) throws(E) -> R {
    try unsafe withUnsafePointer(to: storage, body)
  }
}

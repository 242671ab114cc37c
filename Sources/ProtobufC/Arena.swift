internal import CProtobufC
internal import Glibc

/// Memory for one message and all that it points to, freed as a whole.
///
/// It is zeroed: protobuf-c 1.4.1 reads fields of a oneof and of unknown fields that it has not
/// written (protobuf-c issues #690 and #745).  A bump of a pointer serves an allocation, and nothing
/// is freed piece by piece.
@safe public final class Arena {
  private static let chunkSize = 4 << 10
  private static let alignment = 16

  private let limit: Int
  private var allocated = 0
  private var chunks: [UnsafeMutableRawPointer] = unsafe []
  private var next: UnsafeMutableRawPointer?
  private var remaining = 0

  /// An arena that takes `limit` bytes at most, counted as it hands them out: in whole 16s, so that
  /// a swarm of tiny allocations cannot take many times the limit.
  public init(limit: Int = .max) { self.limit = limit }

  deinit { unsafe chunks.forEach { unsafe free($0) } }

  /// Zeroed bytes aligned to 16; nil beyond the limit and when there is no memory, which makes
  /// protobuf-c give up.
  @unsafe public func allocate(_ size: Int) -> UnsafeMutableRawPointer? {
    guard size >= 0, size <= Int.max - Self.alignment else { return nil }
    let rounded = max(Self.alignment, (size + Self.alignment - 1) & -Self.alignment)
    guard rounded <= limit - allocated else { return nil }
    if rounded > remaining {
      guard addChunk(rounded) else { return nil }
    }
    guard let start = unsafe next else { return nil }
    unsafe next = start + rounded
    remaining -= rounded
    allocated += rounded
    return unsafe start
  }

  private func addChunk(_ size: Int) -> Bool {
    let size = max(size, Self.chunkSize)
    guard let chunk = unsafe calloc(1, size) else { return false }
    unsafe chunks.append(chunk)
    unsafe next = chunk
    remaining = size
    return true
  }

  /// Runs `body` with an allocator that protobuf-c may use while `body` runs.
  func withAllocator<R>(_ body: (UnsafeMutablePointer<ProtobufCAllocator>) -> R) -> R {
    var allocator = unsafe ProtobufCAllocator(
      alloc: { arena, size in
        guard let arena = unsafe arena else { return nil }
        return unsafe Unmanaged<Arena>.fromOpaque(arena).takeUnretainedValue().allocate(size)
      },
      free: { _, _ in },
      allocator_data: Unmanaged.passUnretained(self).toOpaque())
    return withExtendedLifetime(self) { unsafe body(&allocator) }
  }
}

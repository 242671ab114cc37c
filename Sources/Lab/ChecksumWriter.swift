import Foundation

/// Writes numbered, checksummed records to a file or block device and syncs each one, as a database
/// would its log; what was acknowledged can be verified afterwards.
public final class ChecksumWriter: @unchecked Sendable {
  // Unchecked: `state` is only read and written under `lock`; the rest is immutable.
  private let lock = NSLock()
  private var state = State()
  private var thread: Thread?

  private struct State {
    var acknowledged = 0
    var longestWait = Duration.zero
    var failure: String?
    var stopping = false
    var ended = false
  }

  /// The file or device.
  public let path: String
  static let recordSize = 4096
  /// O_DIRECT of fcntl.h, which the overlay hides and each architecture numbers anew.
  #if arch(arm64)
    private static let direct: Int32 = 0o200000
  #else
    private static let direct: Int32 = 0o40000
  #endif

  /// Past the page cache, O_DIRECT.
  private let isDirect: Bool

  /// Writes to `path` from its start; with `direct` past the page cache.
  public init(path: String, direct: Bool = false) {
    self.path = path
    isDirect = direct
  }

  /// Records whose fsync(2) returned.
  public var acknowledged: Int { lock.withLock { state.acknowledged } }
  /// The longest time that one record's write and sync took.
  public var longestWait: Duration { lock.withLock { state.longestWait } }
  /// The first error, if any.
  public var failure: String? { lock.withLock { state.failure } }

  /// A thread of its own writes one record after another, at most `limit`, until `stop`.
  public func start(limit: Int = 50_000, pause: Duration = .milliseconds(5)) {
    let thread = Thread { self.write(limit: limit, pause: pause) }
    thread.name = "lab-writer"
    self.thread = thread
    thread.start()
  }

  /// Asks the writer to end and waits for its last record.
  public func stop(within limit: Duration = .seconds(60)) async throws {
    lock.withLock { state.stopping = true }
    try await eventually(within: limit, "the writer to end") { lock.withLock { state.ended } }
  }

  /// Reads every acknowledged record back, past the page cache where the file can be opened so, and
  /// returns how many are wrong.
  public func verify() throws -> Int { try verify(at: path) }

  /// The same at another path to the same bytes.
  public func verify(at path: String) throws -> Int {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw LabError("open \(path): errno \(errno)") }
    defer { close(descriptor) }
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
    var wrong = 0
    var buffer = [UInt8](repeating: 0, count: Self.recordSize)
    for number in 0..<acknowledged {
      let count = pread(descriptor, &buffer, Self.recordSize, number * Self.recordSize)
      if count != Self.recordSize || buffer != Self.record(number) { wrong += 1 }
    }
    return wrong
  }

  private func write(limit: Int, pause: Duration) {
    defer { lock.withLock { state.ended = true } }
    let descriptor = open(
      path, O_WRONLY | O_CREAT | O_CLOEXEC | (isDirect ? Self.direct : 0), 0o600)
    guard descriptor >= 0 else { return fail("open \(path): errno \(errno)") }
    defer { close(descriptor) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: Self.recordSize, alignment: Self.recordSize)
    defer { buffer.deallocate() }
    for number in 0..<limit {
      if lock.withLock({ state.stopping }) { return }
      buffer.copyBytes(from: Self.record(number))
      let start = ContinuousClock.now
      guard
        pwrite(descriptor, buffer.baseAddress, Self.recordSize, number * Self.recordSize)
          == Self.recordSize,
        fsync(descriptor) == 0
      else { return fail("record \(number) of \(path): errno \(errno)") }
      let took = ContinuousClock.now - start
      lock.withLock {
        state.acknowledged = number + 1
        state.longestWait = max(state.longestWait, took)
      }
      usleep(UInt32(pause.components.attoseconds / 1_000_000_000_000))
    }
  }

  private func fail(_ reason: String) { lock.withLock { state.failure = reason } }

  /// A record that no other number gives: the number, and bytes of a generator seeded with it.
  private static func record(_ number: Int) -> [UInt8] {
    var seed = UInt64(number) &* 0x9e37_79b9_7f4a_7c15 | 1
    var bytes = [UInt8]()
    bytes.reserveCapacity(recordSize)
    while bytes.count < recordSize {
      seed ^= seed << 13
      seed ^= seed >> 7
      seed ^= seed << 17
      withUnsafeBytes(of: seed.littleEndian) { bytes.append(contentsOf: $0) }
    }
    return bytes
  }
}

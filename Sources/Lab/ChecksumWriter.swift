import Foundation
import Glibc

/// Writes numbered, checksummed records to a file or block device and syncs each one, as a database
/// would its log; what was acknowledged can be verified afterwards.
///
/// A writer that ended, by itself, on an error or when told to, can be started again: it goes on after
/// the last record that was acknowledged.
public final class ChecksumWriter: @unchecked Sendable {
  // Unchecked: `state` is only read and written under `lock`; the rest is immutable.
  private let lock = NSLock()
  private var state = State()

  private struct State {
    var acknowledged = 0
    var longestWait = Duration.zero
    var failure: String?
    var stopping = false
    var running = false
  }

  /// What makes one writer's records and way of writing differ from another's.
  public struct Options: Sendable {
    /// Records of the same number and another stamp are others.
    public var stamp: UInt64 = 0
    /// Past the page cache (O_DIRECT), as virtual machines write to their disks.
    public var direct = false
    /// Records that are kept; the next one goes over the oldest.
    public var capacity = Int.max
    /// Asked of every descriptor before it is read or written.
    public var admit: (@Sendable (Int32) throws -> Void)?

    /// A writer like all others.
    public init() {}
  }

  /// The file or device.
  public let path: String
  private let options: Options
  static let recordSize = 4096

  /// Writes to `path` from its start.
  public init(path: String, options: Options = Options()) {
    self.path = path
    self.options = options
  }

  /// Records whose fsync(2) returned.
  public var acknowledged: Int { lock.withLock { state.acknowledged } }
  /// The longest time that one record's write and sync took.
  public var longestWait: Duration { lock.withLock { state.longestWait } }
  /// The error that ended it, if one did.
  public var failure: String? { lock.withLock { state.failure } }
  /// Whether its thread is at work, or waits for the device.
  public var isRunning: Bool { lock.withLock { state.running } }

  /// A thread of its own writes one record after another, until there are `limit`, or until `stop`.
  public func start(limit: Int = 50_000, pause: Duration = .milliseconds(5)) {
    lock.withLock {
      precondition(!state.running, "\(path) has a writer")
      state.running = true
      state.stopping = false
      state.failure = nil
    }
    let thread = Thread { self.write(limit: limit, pause: pause) }
    thread.name = "lab-writer"
    thread.start()
  }

  /// Asks the writer to end and waits for its last record.
  public func stop(within limit: Duration = .seconds(60)) async throws {
    lock.withLock { state.stopping = true }
    try await eventually(within: limit, "the writer to end") { !isRunning }
  }

  /// Reads every acknowledged record that is kept back, past the page cache where the file can be
  /// opened so, and returns how many are wrong. Fails when one cannot be read.
  public func verify() throws -> Int { try verify(at: path) }

  /// The same at another path to the same bytes.
  public func verify(at path: String) throws -> Int {
    let file = try open(path, O_RDONLY)
    defer { close(file) }
    posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED)
    var wrong = 0
    let buffer = AlignedBuffer(count: Self.recordSize)
    let acknowledged = acknowledged
    // The oldest may have been overwritten by the one that was not acknowledged any more.
    let oldest = acknowledged < options.capacity ? 0 : acknowledged - options.capacity + 1
    for number in oldest..<acknowledged {
      let count = pread(file, buffer.start, Self.recordSize, offset(number))
      guard count >= 0 else { throw LabError("read record \(number) of \(path): errno \(errno)") }
      let expected = record(number)
      if count != Self.recordSize || memcmp(buffer.start, expected, count) != 0 {
        wrong += 1
      }
    }
    return wrong
  }

  private func write(limit: Int, pause: Duration) {
    defer { lock.withLock { state.running = false } }
    do {
      // Only the first life may make the file: later ones would hide that it is gone.
      let file = try open(path, O_WRONLY | (acknowledged == 0 ? O_CREAT : 0))
      defer { close(file) }
      let buffer = AlignedBuffer(count: Self.recordSize)
      for number in acknowledged..<max(limit, acknowledged) {
        if lock.withLock({ state.stopping }) { return }
        buffer.start.copyMemory(from: record(number), byteCount: Self.recordSize)
        let start = ContinuousClock.now
        guard
          pwrite(file, buffer.start, Self.recordSize, offset(number))
            == Self.recordSize, fsync(file) == 0
        else { throw LabError("record \(number) of \(path): errno \(errno)") }
        let took = ContinuousClock.now - start
        lock.withLock {
          state.acknowledged = number + 1
          state.longestWait = max(state.longestWait, took)
        }
        usleep(UInt32(pause.components.attoseconds / 1_000_000_000_000))
      }
    } catch {
      lock.withLock { state.failure = "\(error)" }
    }
  }

  private func open(_ path: String, _ flags: Int32) throws -> Int32 {
    let direct = options.direct ? Self.directIO : 0
    let file = Glibc.open(path, flags | direct | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw LabError("open \(path): errno \(errno)") }
    do {
      try options.admit?(file)
    } catch {
      close(file)
      throw error
    }
    return file
  }

  /// O_DIRECT, which Swift does not import.
  #if arch(arm64)
    private static let directIO: Int32 = 0o200000
  #else
    private static let directIO: Int32 = 0o40000
  #endif

  private func offset(_ number: Int) -> Int { number % options.capacity * Self.recordSize }

  /// A record that no other number and no other stamp gives: bytes of a generator seeded with both.
  private func record(_ number: Int) -> [UInt8] {
    var seed = (UInt64(number) ^ options.stamp) &* 0x9e37_79b9_7f4a_7c15 | 1
    var bytes = [UInt8]()
    bytes.reserveCapacity(Self.recordSize)
    while bytes.count < Self.recordSize {
      seed ^= seed << 13
      seed ^= seed >> 7
      seed ^= seed << 17
      withUnsafeBytes(of: seed.littleEndian) { bytes.append(contentsOf: $0) }
    }
    return bytes
  }
}

/// Memory that O_DIRECT takes.
private final class AlignedBuffer {
  let start: UnsafeMutableRawPointer

  init(count: Int) {
    start = .allocate(byteCount: count, alignment: 4096)
  }

  deinit { start.deallocate() }
}

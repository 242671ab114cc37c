import Foundation
import Glibc
import Lab
import Synchronization

/// A pod that reads its data through the publish path, again and again, past the page cache, each time
/// with a new look at the path; and knows what it has to find.
final class Reader: Sendable {
  private let path: String
  private let expected: [UInt8]
  private let state = Mutex(State())

  private struct State {
    var stopping = false
    var running = false
    var latest: ContinuousClock.Instant?
    /// The first success since it was asked for.
    var first: ContinuousClock.Instant?
  }

  static let size = 4096

  /// `path` is the device node, or the file.
  init(path: String, stamp: Int) {
    self.path = path
    expected = Self.content(stamp)
  }

  /// What a volume's first block holds.
  static func content(_ stamp: Int) -> [UInt8] {
    Array(repeating: Array("volume \(stamp) ".utf8), count: size).flatMap(\.self).prefix(size).map(
      \.self)
  }

  func start() {
    state.withLock { $0.running = true }
    let thread = Thread { self.run() }
    thread.name = "bench-reader"
    thread.start()
  }

  func stop() async throws {
    state.withLock { $0.stopping = true }
    try await eventually(within: .seconds(60), "the reader to end") {
      state.withLock { !$0.running }
    }
  }

  /// Whether nothing could be read for so long.
  func isDown(for duration: Duration) -> Bool {
    state.withLock { ($0.latest ?? .now) + duration < .now }
  }

  /// The first success that follows is the one that `success` waits for.
  func arm() { state.withLock { $0.first = nil } }

  /// When the data could first be read after `arm`.
  func success(within limit: Duration) async throws -> ContinuousClock.Instant {
    try await eventually(within: limit, "\(path) to be read") {
      state.withLock { $0.first != nil }
    }
    return state.withLock { $0.first ?? .now }
  }

  private func run() {
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: Self.size, alignment: 4096)
    defer { buffer.deallocate() }
    while !state.withLock({ $0.stopping }) {
      let isThere = read(into: buffer)
      let now = ContinuousClock.now
      if isThere {
        state.withLock { state in
          state.latest = now
          if state.first == nil { state.first = now }
        }
      }
      usleep(isThere ? 100_000 : 20_000)
    }
    state.withLock { $0.running = false }
  }

  private func read(into buffer: UnsafeMutableRawPointer) -> Bool {
    let file = open(path, O_RDONLY | O_CLOEXEC | Self.direct)
    guard file >= 0 else { return false }
    defer { close(file) }
    return pread(file, buffer, Self.size, 0) == Self.size
      && memcmp(buffer, expected, Self.size) == 0
  }

  /// O_DIRECT, which Swift does not import.
  #if arch(arm64)
    private static let direct: Int32 = 0o200000
  #else
    private static let direct: Int32 = 0o40000
  #endif
}

import Logging
import Synchronization

/// Keeps what is logged, for a test to count.
final class LogLines: Sendable {
  private let lines = Mutex<[(level: Logger.Level, message: String)]>([])

  /// A logger that writes here.
  var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }

  func count(_ message: String) -> Int {
    lines.withLock { $0.count { $0.message == message } }
  }

  private struct Handler: LogHandler {
    let lines: LogLines
    var logLevel = Logger.Level.trace
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      lines.lines.withLock { $0.append((event.level, "\(event.message)")) }
    }
  }
}

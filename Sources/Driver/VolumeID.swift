/// A volume's id as the container orchestrator knows it.
///
/// The CSI specification bounds it to 128 bytes of valid characters ("Size Limits"). It is a key of
/// maps and of state files and is printed in messages, so control characters and `/` are refused too.
struct VolumeID: Hashable, Sendable, CustomStringConvertible {
  /// The id as it came.
  let rawValue: String

  /// Refuses an id that is empty, too long or unprintable with `invalidArgument` on `volume_id`.
  init(_ text: String) throws(DriverError) {
    guard !text.isEmpty else { throw DriverError(.invalidArgument, "volume_id is missing") }
    guard text.utf8.count <= 128 else {
      throw DriverError(
        .invalidArgument, "volume_id has \(text.utf8.count) bytes; at most 128 are allowed")
    }
    guard
      text.unicodeScalars.allSatisfy({ !$0.properties.generalCategory.isControl && $0 != "/" })
    else {
      throw DriverError(.invalidArgument, "volume_id holds a control character or a slash")
    }
    rawValue = text
  }

  /// For those that are known to be well-formed.
  init(wellFormed text: String) { rawValue = text }

  /// The id as it came.
  var description: String { rawValue }
}

extension Unicode.GeneralCategory {
  /// Characters that would break a line, a log or a terminal.
  var isControl: Bool {
    switch self {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: true
    default: false
    }
  }
}

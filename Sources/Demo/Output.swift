import Foundation

/// Lines for people: coloured on a terminal only, never buffered, wrapped at a width that fits a
/// terminal and a mail.
struct Output {
  /// Columns.
  static let width = 98

  enum Style: String {
    case bold = "1"
    case dim = "2"
    case red = "31"
    case green = "32"
  }

  let isTerminal: Bool

  /// Standard output.
  static let standard = Output(isTerminal: isatty(STDOUT_FILENO) == 1)

  /// One line.
  func line(_ text: String = "") {
    FileHandle.standardOutput.write(Data((text + "\n").utf8))
  }

  /// The text as a terminal shows it in that style; plain elsewhere.
  func styled(_ text: String, _ style: Style) -> String {
    isTerminal ? "\u{1b}[\(style.rawValue)m\(text)\u{1b}[0m" : text
  }

  /// The text in lines of at most `width`, broken at blanks; a longer word has a line of its own.
  static func wrapped(_ text: String, width: Int) -> [String] {
    var lines: [String] = []
    for paragraph in text.split(separator: "\n", omittingEmptySubsequences: false) {
      var line = ""
      for word in paragraph.split(separator: " ") {
        if line.isEmpty {
          line = String(word)
        } else if line.count + 1 + word.count <= width {
          line += " " + word
        } else {
          lines.append(line)
          line = String(word)
        }
      }
      lines.append(line)
    }
    return lines
  }
}

extension String {
  /// Filled up with blanks to the right of it.
  func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
  /// Filled up with blanks to the left of it.
  func aligned(to width: Int) -> String {
    String(repeating: " ", count: max(0, width - count)) + self
  }
}

extension Duration {
  /// Whole milliseconds.
  var milliseconds: Int64 {
    components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
  }

  /// `15.2`: seconds with one digit.
  var seconds: String {
    let tenths = milliseconds / 100
    return "\(tenths / 10).\(tenths % 10)"
  }
}

/// An NVMe Qualified Name: `nqn.yyyy-mm.reverse.domain[:string]`, at most 223 bytes (NVMe Base
/// Specification 2.0, 4.5).
///
/// What no target uses and some layer below would misread is refused: blanks, control characters,
/// commas (the fabrics options' separator), quotes, slashes and anything beyond ASCII.
public struct NQN: Hashable, Sendable, CustomStringConvertible {
  /// As it was given.
  public let rawValue: String

  /// Why a text is no NQN.
  public struct Invalid: Error, Hashable, Sendable, CustomStringConvertible {
    /// For people; names the text.
    public let reason: String
    /// The reason.
    public var description: String { reason }
  }

  /// Parses an NQN.
  public init(_ text: String) throws(Invalid) {
    func invalid(_ why: String) -> Invalid {
      Invalid(reason: "'\(text.prefix(80))' is not an NVMe Qualified Name: \(why)")
    }
    guard text.utf8.count <= 223 else { throw invalid("it is longer than 223 bytes") }
    let forbidden = Set(",\"'\\/".utf8)
    guard text.utf8.allSatisfy({ (0x21...0x7e).contains($0) && !forbidden.contains($0) }) else {
      throw invalid("it holds a character that is not allowed")
    }
    let parts = text.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == "nqn" else {
      throw invalid("want nqn.yyyy-mm.reverse.domain:name")
    }
    let date = parts[1].split(separator: "-", omittingEmptySubsequences: false)
    guard date.count == 2, date[0].utf8.count == 4, date[1].utf8.count == 2,
      date.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
      let month = Int(date[1]), (1...12).contains(month)
    else { throw invalid("'\(parts[1])' is not a year and a month, such as 2014-08") }
    let domain = parts[2].prefix { $0 != ":" }
    guard !domain.isEmpty,
      domain.utf8.allSatisfy({
        (0x61...0x7a).contains($0 | 0x20) || (0x30...0x39).contains($0) || $0 == 0x2d || $0 == 0x2e
      })
    else { throw invalid("'\(domain)' is not a reversed domain name") }
    rawValue = text
  }

  /// For those that are known to be well-formed.
  init(wellFormed text: String) { rawValue = text }

  /// The NQN.
  public var description: String { rawValue }
}

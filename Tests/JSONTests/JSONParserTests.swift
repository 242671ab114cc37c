import JSON
import Testing

@Suite("JSONValue.parse") struct JSONParserTests {
  static let accepted: [(String, JSONValue)] = [
    ("null", nil), ("true", true), (" \t\r\nfalse \n", false), ("0", 0),
    ("-0", .number(text: "-0")),
    ("9223372036854775807", 9_223_372_036_854_775_807),
    ("1.50", .number(text: "1.50")), ("-1E+2", .number(text: "-1E+2")),
    ("2e-3", .number(text: "2e-3")), ("[]", []), ("{}", [:]), ("[ ]", []), ("{ }", [:]),
    ("[1,[2,[3]]]", [1, [2, [3]]]),
    (#"{"b":1,"a":{"c":[null]}}"#, ["b": 1, "a": ["c": [nil]]]),
    (#""""#, ""), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
    (#""\u0041\u00e9\uD834\uDd1e\u0000""#, "Aé\u{1D11E}\0"),
    ("\"é\u{1F600}\u{7F}\"", "é\u{1F600}\u{7F}"),
    (#""\ud834\udd1e\ufffe""#, "\u{1D11E}\u{FFFE}"), (#"{"":0}"#, ["": 0]),
  ]

  @Test("reads what RFC 8259 allows", arguments: accepted)
  func accepts(text: String, expected: JSONValue) throws {
    #expect(try JSONValue.parse(text) == expected)
  }

  static let rejected: [(String, Int, String)] = [
    ("", 0, "the text ends where a value is expected"),
    (" ", 1, "the text ends where a value is expected"),
    ("\u{FEFF}1", 0, "expected a value"), ("1 2", 2, "expected the end of the text"),
    ("nul", 0, "expected a value"), ("True", 0, "expected a value"), ("NaN", 0, "expected a value"),
    ("Infinity", 0, "expected a value"), ("+1", 0, "expected a value"),
    (".5", 0, "expected a value"), ("01", 1, "expected the end of the text"),
    ("-", 1, "expected a digit"), ("-a", 1, "expected a digit"), ("1.", 2, "expected a digit"),
    ("1.e1", 2, "expected a digit"), ("1e", 2, "expected a digit"), ("1e+", 3, "expected a digit"),
    ("0x1", 1, "expected the end of the text"), ("'a'", 0, "expected a value"),
    ("[1", 2, "expected ',' or ']'"), ("[1,]", 3, "expected a value"),
    ("[,1]", 1, "expected a value"),
    ("[1 2]", 3, "expected ',' or ']'"), ("[", 1, "the text ends where a value is expected"),
    ("]", 0, "expected a value"), ("{", 1, "expected a member's name in quotes"),
    ("{a:1}", 1, "expected a member's name in quotes"), (#"{"a" 1}"#, 5, "expected ':'"),
    (#"{"a":1,}"#, 7, "expected a member's name in quotes"),
    (#"{"a":1"#, 6, "expected ',' or '}'"), (#"{"a":}"#, 5, "expected a value"),
    (#"{"a":1,"\u0061":2}"#, 7, "a member's name comes twice"),
    ("\"", 0, "the string does not end"),
    ("\"a\nb\"", 2, "a control character in a string must be escaped"),
    ("\"\0\"", 1, "a control character in a string must be escaped"),
    (#""\x""#, 1, "unknown escape"), (#""\"#, 2, "the escape does not end"),
    (#""\u12G4""#, 5, "expected four hexadecimal digits"),
    (#""\ud800""#, 1, "a surrogate without its pair"),
    (#""\udc00""#, 1, "a surrogate without its pair"),
    (#""\ud800\n""#, 1, "a surrogate without its pair"),
    (#""\ud800\ud800""#, 1, "a surrogate without its pair"),
    ("/* */1", 0, "expected a value"), ("1//", 1, "expected the end of the text"),
  ]

  @Test("refuses everything else and says where", arguments: rejected)
  func rejects(text: String, offset: Int, reason: String) {
    #expect(throws: JSONError(offset: offset, reason: reason)) { try JSONValue.parse(text) }
  }

  @Test(
    "refuses invalid UTF-8",
    arguments: [
      [0xFF], [0xC0, 0x80], [0xC3], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
      [0x80],
    ] as [[UInt8]])
  func invalidUTF8(content: [UInt8]) {
    #expect(throws: JSONError(offset: 0, reason: "the string is not valid UTF-8")) {
      try JSONValue.parse([0x22] + content + [0x22])
    }
  }

  @Test("stops at the depth limit, and nesting up to it is read")
  func depth() throws {
    func nested(_ depth: Int) -> [UInt8] {
      Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
    }
    #expect(try JSONValue.parse(nested(64)).arrayValue != nil)
    #expect(throws: JSONError(offset: 64, reason: "nested deeper than 64")) {
      try JSONValue.parse(nested(65))
    }
    #expect(throws: JSONError(offset: 64, reason: "nested deeper than 64")) {
      try JSONValue.parse([UInt8](repeating: UInt8(ascii: "["), count: 1_000_000))
    }
  }

  @Test("refuses a text beyond the size limit unread")
  func size() throws {
    #expect(try JSONValue.parse(Array("[1]".utf8), maximumSize: 3) == [1])
    #expect(throws: JSONError(offset: 2, reason: "3 bytes; the limit is 2")) {
      try JSONValue.parse(Array("[1]".utf8), maximumSize: 2)
    }
  }

  @Test("an error never quotes the text")
  func silentErrors() throws {
    let error = #expect(throws: JSONError.self) { try JSONValue.parse(#"{"secret":hunter2}"#) }
    #expect(error?.description == "invalid JSON at byte 10: expected a value")
  }
}

extension JSONValue {
  /// A number that no literal can spell, through the parser.
  static func number(text: String) -> JSONValue {
    (try? JSONValue.parse(text)) ?? .string("not a number: \(text)")
  }
}

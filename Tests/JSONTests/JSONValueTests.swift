import JSON
import Testing

@Suite("JSONValue") struct JSONValueTests {
  static let document: JSONValue = [
    "b": [1, "zwei", nil, true], "a": ["empty": [], "none": [:]], "é": "\"\\/\u{1}\n\r\t\u{9B}é",
  ]

  @Test("is written without white space in its own order")
  func compact() {
    #expect(
      Self.document.serialized()
        == #"{"b":[1,"zwei",null,true],"a":{"empty":[],"none":{}},"é":"\"\\/\u0001\n\r\t\u009bé"}"#)
  }

  @Test("is written for people, sorted")
  func pretty() {
    #expect(
      Self.document.serialized(pretty: true, sortedKeys: true) == #"""
        {
          "a": {
            "empty": [],
            "none": {}
          },
          "b": [
            1,
            "zwei",
            null,
            true
          ],
          "é": "\"\\/\u0001\n\r\t\u009bé"
        }
        """#)
  }

  @Test("reads back what it wrote", arguments: [true, false])
  func roundTrip(pretty: Bool) throws {
    #expect(try JSONValue.parse(Self.document.serialized(pretty: pretty)) == Self.document)
  }

  static let integers: [(String, Int64?, UInt64?)] = [
    ("0", 0, 0), ("-0", 0, 0), ("-1", -1, nil), ("1.0", 1, 1), ("1e3", 1000, 1000),
    ("1.5", nil, nil),
    ("9223372036854775807", .max, 9_223_372_036_854_775_807),
    ("9223372036854775808", nil, 9_223_372_036_854_775_808), ("-9223372036854775808", .min, nil),
    ("18446744073709551615", nil, .max), ("18446744073709551616", nil, nil),
    ("9007199254740992.0", 9_007_199_254_740_992, 9_007_199_254_740_992),
    ("9007199254740994.0", nil, nil), ("1e400", nil, nil),
  ]

  @Test("an integer is exact or not there", arguments: integers)
  func integer(text: String, signed: Int64?, unsigned: UInt64?) {
    #expect(JSONValue.number(text: text).int64Value == signed)
    #expect(JSONValue.number(text: text).uint64Value == unsigned)
  }

  @Test("a Double reads back as itself, and infinities are no numbers")
  func doubles() {
    for value in [0.1, -0.0, 1e300, Double.leastNonzeroMagnitude, 123456789.125] {
      #expect(JSONNumber(value)?.doubleValue == value)
      #expect(
        JSONNumber(value).map { JSONValue.number(text: $0.text) }
          == JSONNumber(value).map { .number($0) })
    }
    #expect(JSONNumber(Double.infinity) == nil)
    #expect(JSONNumber(Double.nan) == nil)
    #expect(JSONValue.number(text: "1e400").numberValue?.doubleValue == nil)
  }

  @Test("setting a member keeps its place, adds it at the end, or removes it")
  func objectMembers() {
    var object = JSONObject()
    object["a"] = 1
    object["b"] = 2
    object["a"] = 3
    object["c"] = 4
    object["b"] = nil
    object["d"] = nil
    #expect(
      object.members == [
        JSONObject.Member(name: "a", value: 3), JSONObject.Member(name: "c", value: 4),
      ])
    #expect(JSONValue.object(object)["c"] == 4)
    #expect(JSONValue.object(object)["b"] == nil)
  }
}

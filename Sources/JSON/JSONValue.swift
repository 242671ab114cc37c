/// A JSON text's value, RFC 8259.
///
/// Numbers keep the text they were written with and objects the order of their members, so a value
/// that is read and written again is the same value.
public enum JSONValue: Hashable, Sendable {
  /// `null`
  case null
  /// `true` or `false`
  case bool(Bool)
  /// A number, as exact text.
  case number(JSONNumber)
  /// A string of Unicode scalar values.
  case string(String)
  /// An ordered list.
  case array([JSONValue])
  /// Members in order, each name once.
  case object(JSONObject)
}

extension JSONValue {
  /// The truth value, nil for any other kind.
  public var boolValue: Bool? {
    guard case .bool(let value) = self else { return nil }
    return value
  }

  /// The number, nil for any other kind.
  public var numberValue: JSONNumber? {
    guard case .number(let value) = self else { return nil }
    return value
  }

  /// The number as an `Int64` if it is exactly one, nil for everything else.
  public var int64Value: Int64? { numberValue?.int64Value }

  /// The number as a `UInt64` if it is exactly one, nil for everything else.
  public var uint64Value: UInt64? { numberValue?.uint64Value }

  /// The string, nil for any other kind.
  public var stringValue: String? {
    guard case .string(let value) = self else { return nil }
    return value
  }

  /// The elements, nil for any other kind.
  public var arrayValue: [JSONValue]? {
    guard case .array(let value) = self else { return nil }
    return value
  }

  /// The object, nil for any other kind.
  public var objectValue: JSONObject? {
    guard case .object(let value) = self else { return nil }
    return value
  }

  /// The member of that name; nil when there is none or this is not an object.
  public subscript(name: String) -> JSONValue? { objectValue?[name] }

  /// The name of the value's kind, for error messages: "null", "bool", "number", …
  public var kind: String {
    switch self {
    case .null: "null"
    case .bool: "bool"
    case .number: "number"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    }
  }
}

extension JSONValue {
  /// A number.
  public static func number(_ value: some FixedWidthInteger) -> JSONValue {
    .number(JSONNumber(value))
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral,
  ExpressibleByNilLiteral
{
  /// A string.
  public init(stringLiteral value: String) { self = .string(value) }
  /// `true` or `false`.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// A number.
  public init(integerLiteral value: Int64) { self = .number(value) }
  /// A list.
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  /// `null`
  public init(nilLiteral: ()) { self = .null }
  /// An object; a name that comes twice has its last value.
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    var object = JSONObject()
    for (name, value) in elements { object[name] = value }
    self = .object(object)
  }
}

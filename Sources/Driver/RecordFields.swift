internal import JSON

/// Why a record could not be read.
struct RecordError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// Typed values out of a record's JSON object, each failure naming its field.
struct RecordFields {
  private let value: JSONValue
  private let name: String

  init(_ value: JSONValue, _ name: String) {
    self.value = value
    self.name = name
  }

  func string(_ field: String) throws -> String {
    guard let text = value[field]?.stringValue else { throw missing(field, "a string") }
    return text
  }

  func bool(_ field: String) throws -> Bool {
    guard let truth = value[field]?.boolValue else { throw missing(field, "true or false") }
    return truth
  }

  func optionalBool(_ field: String) throws -> Bool? {
    value[field] == nil ? nil : try bool(field)
  }

  func integer(_ field: String) throws -> Int64 {
    guard let number = value[field]?.int64Value else { throw missing(field, "a whole number") }
    return number
  }

  func optionalInteger(_ field: String) throws -> Int? {
    value[field] == nil ? nil : Int(clamping: try integer(field))
  }

  func strings(_ field: String) throws -> [String] {
    guard let array = value[field]?.arrayValue else { throw missing(field, "a list") }
    return try array.map { element in
      guard let text = element.stringValue else { throw missing(field, "a list of strings") }
      return text
    }
  }

  func object(_ field: String) throws -> RecordFields {
    guard let fields = try optionalObject(field) else { throw missing(field, "an object") }
    return fields
  }

  func optionalObject(_ field: String) throws -> RecordFields? {
    guard let value = value[field] else { return nil }
    guard value.objectValue != nil else { throw missing(field, "an object") }
    return RecordFields(value, "\(name).\(field)")
  }

  func objects(_ field: String) throws -> [RecordFields] {
    guard let array = value[field]?.arrayValue else { throw missing(field, "a list") }
    return array.enumerated().map { RecordFields($1, "\(name).\(field)[\($0)]") }
  }

  func dictionary(_ field: String) throws -> [String: String] {
    guard let object = value[field]?.objectValue else { throw missing(field, "an object") }
    return try object.members.reduce(into: [:]) { strings, member in
      guard let text = member.value.stringValue else {
        throw missing(field, "an object of strings")
      }
      strings[member.name] = text
    }
  }

  func parse<Value>(_ field: String, _ parse: (String) -> Value?) throws -> Value {
    guard let value = parse(try string(field)) else {
      throw missing(field, "a value that it knows")
    }
    return value
  }

  func parse<Value>(_ field: String, number parse: (Int64) -> Value?) throws -> Value {
    guard let value = parse(try integer(field)) else { throw missing(field, "a number in range") }
    return value
  }

  func optional<Value>(_ field: String, _ parse: (String) -> Value?) throws -> Value? {
    value[field] == nil ? nil : try self.parse(field, parse)
  }

  /// A record that a newer driver wrote is not guessed at.
  func check(schema known: Int64) throws {
    let schema = try integer("schema")
    guard schema == known else {
      throw RecordError("its schema is \(schema), and this driver knows \(known)")
    }
  }

  private func missing(_ field: String, _ wanted: String) -> RecordError {
    RecordError("\(name).\(field): want \(wanted)")
  }
}

extension JSONValue {
  /// An object of those that are there.
  static func members(_ members: [(String, JSONValue?)]) -> JSONValue {
    var object = JSONObject()
    for case (let name, let value?) in members { object[name] = value }
    return .object(object)
  }

  /// An object of strings, by name: the same text for the same dictionary.
  static func strings(_ strings: [String: String]) -> JSONValue {
    .members(strings.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
  }
}

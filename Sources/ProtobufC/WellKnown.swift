internal import JSON

/// Messages of google.protobuf that proto3's JSON mapping writes as plain values.
enum WellKnown {
  /// `BoolValue` and its like: the value itself.
  case wrapper
  /// Seconds and nanoseconds since 1970: RFC 3339.
  case timestamp

  init?(_ fullName: String) {
    switch fullName {
    case "google.protobuf.Timestamp": self = .timestamp
    case "google.protobuf.BoolValue", "google.protobuf.StringValue", "google.protobuf.Int64Value",
      "google.protobuf.Int32Value", "google.protobuf.UInt64Value", "google.protobuf.UInt32Value",
      "google.protobuf.DoubleValue", "google.protobuf.FloatValue", "google.protobuf.BytesValue":
      self = .wrapper
    default: return nil
    }
  }

  /// The plain value that stands for a message whose fields these are; nil when none does, such as
  /// for a time after year 9999.
  func json(_ object: JSONObject, of message: MessageDescriptor) -> JSONValue? {
    switch self {
    case .wrapper: return object["value"] ?? message.field(1)?.defaultJSON
    case .timestamp:
      let seconds = object["seconds"]?.stringValue.flatMap { Int64($0) } ?? 0
      return RFC3339(seconds: seconds, nanoseconds: object["nanos"]?.int64Value ?? 0)
        .map { .string($0.text) }
    }
  }

  /// The object that a plain value stands for; nil when the value is that object already, or none.
  func object(_ value: JSONValue) -> JSONObject? {
    var object = JSONObject()
    switch (self, value) {
    case (_, .object): return nil
    case (.wrapper, _): object["value"] = value
    case (.timestamp, .string(let text)):
      guard let time = RFC3339(text) else { return nil }
      object["seconds"] = .string(String(time.seconds))
      object["nanos"] = .number(time.nanoseconds)
    case (.timestamp, _): return nil
    }
    return object
  }

  /// What a message of this kind is in JSON, for error messages.
  var want: String {
    switch self {
    case .wrapper: "the plain value"
    case .timestamp: "a time such as 2026-01-31T23:59:59Z"
    }
  }
}

extension FieldDescriptor {
  /// What a field that is not on the wire has.
  fileprivate var defaultJSON: JSONValue {
    switch kind {
    case .bool: false
    case .string, .bytes: ""
    case .signed, .unsigned, .zigzag: is32Bit ? 0 : "0"
    case .fixed64: "0"
    case .fixed32, .float, .double: 0
    case .enumeration: enumName(0).map { .string($0) } ?? 0
    case .message: [:]
    }
  }
}

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

  func json(_ object: JSONObject) -> JSONValue {
    switch self {
    case .wrapper: return object["value"] ?? false
    case .timestamp:
      let seconds = object["seconds"]?.stringValue.flatMap { Int64($0) } ?? 0
      let nanoseconds = object["nanos"]?.stringValue.flatMap { Int64($0) } ?? 0
      return .string(Self.date(seconds, nanoseconds))
    }
  }

  /// The object that a plain value stands for.
  func object(_ value: JSONValue) -> JSONObject? {
    guard case .wrapper = self, value.objectValue == nil else { return nil }
    var object = JSONObject()
    object["value"] = value
    return object
  }

  private static func date(_ seconds: Int64, _ nanoseconds: Int64) -> String {
    let days = Int64((Double(seconds) / 86400).rounded(.down))
    let time = seconds - days * 86400
    // Howard Hinnant's days-to-civil: years that begin in March need no table of months.
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
    func digits(_ number: Int64, _ count: Int) -> String {
      let text = String(number)
      return String(repeating: "0", count: max(0, count - text.count)) + text
    }
    let fraction = nanoseconds == 0 ? "" : ".\(digits(nanoseconds, 9))"
    return "\(digits(year, 4))-\(digits(month, 2))-\(digits(day, 2))"
      + "T\(digits(time / 3600, 2)):\(digits(time / 60 % 60, 2)):\(digits(time % 60, 2))\(fraction)Z"
  }
}

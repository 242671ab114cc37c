/// A point in time as google.protobuf.Timestamp counts it and RFC 3339 writes it.
struct RFC3339: Equatable {
  /// Since 1970-01-01T00:00:00Z, from year 1 to year 9999.
  let seconds: Int64
  /// 0 to 999 999 999.
  let nanoseconds: Int64

  private static let range = -62_135_596_800...253_402_300_799 as ClosedRange<Int64>

  /// nil for a time that RFC 3339 cannot write.
  init?(seconds: Int64, nanoseconds: Int64) {
    guard Self.range.contains(seconds), (0..<1_000_000_000).contains(nanoseconds) else {
      return nil
    }
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  /// `2026-01-31T23:59:59Z`, with nine digits of fraction when there is one.
  var text: String {
    func digits(_ number: Int64, _ count: Int) -> String {
      let text = String(number)
      return String(repeating: "0", count: max(0, count - text.count)) + text
    }
    let time = (seconds % 86400 + 86400) % 86400
    let date = Self.civil(days: (seconds - time) / 86400)
    let fraction = nanoseconds == 0 ? "" : ".\(digits(nanoseconds, 9))"
    return "\(digits(date.year, 4))-\(digits(date.month, 2))-\(digits(date.day, 2))"
      + "T\(digits(time / 3600, 2)):\(digits(time / 60 % 60, 2)):\(digits(time % 60, 2))\(fraction)Z"
  }

  /// nil when it is not a date and time with an offset; a leap second is not one either.
  init?(_ text: String) {
    var text = Substring(text)
    func number(_ count: Int, upTo maximum: Int64, then separator: String) -> Int64? {
      let digits = text.prefix(count)
      guard digits.count == count, digits.allSatisfy({ ("0"..."9").contains($0) }),
        let number = Int64(digits), number <= maximum,
        text.dropFirst(count).uppercased().hasPrefix(separator)
      else { return nil }
      text = text.dropFirst(count + separator.count)
      return number
    }
    guard let year = number(4, upTo: 9999, then: "-"), let month = number(2, upTo: 12, then: "-"),
      let day = number(2, upTo: 31, then: "T"), let hour = number(2, upTo: 23, then: ":"),
      let minute = number(2, upTo: 59, then: ":"), let second = number(2, upTo: 59, then: "")
    else { return nil }
    let days = Self.days(year: year, month: month, day: day)
    guard Self.civil(days: days) == (year, month, day) else { return nil }

    var nanoseconds: Int64 = 0
    if text.hasPrefix(".") {
      let digits = text.dropFirst().prefix { ("0"..."9").contains($0) }
      guard (1...9).contains(digits.count),
        let fraction = Int64(digits + String(repeating: "0", count: 9 - digits.count))
      else { return nil }
      nanoseconds = fraction
      text = text.dropFirst(1 + digits.count)
    }
    var offset: Int64 = 0
    if text != "Z", text != "z" {
      guard let sign = text.popFirst(), sign == "+" || sign == "-",
        let hours = number(2, upTo: 23, then: ":"), let minutes = number(2, upTo: 59, then: ""),
        text.isEmpty
      else { return nil }
      offset = (hours * 3600 + minutes * 60) * (sign == "-" ? -1 : 1)
    }
    self.init(
      seconds: days * 86400 + hour * 3600 + minute * 60 + second - offset, nanoseconds: nanoseconds)
  }

  // Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms": years that begin in March need
  // no table of months.

  private static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }

  private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
    let year = month <= 2 ? year - 1 : year
    let era = (year >= 0 ? year : year - 399) / 400
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }
}

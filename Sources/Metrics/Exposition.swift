/// Prometheus' text format 0.0.4 while it is written.
struct Exposition {
  private(set) var text = ""

  /// The lines before a family's samples.
  mutating func begin(_ header: FamilyHeader) {
    text += "# HELP \(header.name) "
    escape(header.help, quotes: false)
    text += "\n# TYPE \(header.name) \(header.type.rawValue)\n"
  }

  /// One sample's line.
  mutating func sample(
    _ name: String, _ labels: [String], _ labelValues: [String], _ value: Double
  ) {
    text += name
    if !labels.isEmpty {
      var separator = "{"
      for (label, labelValue) in zip(labels, labelValues) {
        text += separator
        text += label
        text += "=\""
        escape(labelValue, quotes: true)
        text += "\""
        separator = ","
      }
      text += "}"
    }
    text += " "
    text += Self.format(value)
    text += "\n"
  }

  private mutating func escape(_ value: String, quotes: Bool) {
    // By scalars: in a Character a newline may hide behind a carriage return.
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\"" where quotes: text += "\\\""
      default: text.unicodeScalars.append(scalar)
      }
    }
  }

  /// A number as Go's ParseFloat reads it.
  static func format(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
    // Beyond 2^53 the shortest form is shorter and says as much.
    if value.magnitude < 0x1p53, let integer = Int64(exactly: value) { return String(integer) }
    return value.description
  }
}

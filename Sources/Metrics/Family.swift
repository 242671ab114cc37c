/// What a family is called and how its samples look.
struct FamilyHeader: Sendable {
  enum MetricType: String {
    case counter, gauge, histogram
  }

  let name: String
  let type: MetricType
  let help: String
  let labels: [String]

  /// All names that its samples can have.
  var sampleNames: [String] {
    type == .histogram ? [name, name + "_bucket", name + "_sum", name + "_count"] : [name]
  }

  /// The data model's rules for names.
  func validate() {
    precondition(Self.isName(name, alsoColons: true), "\(name) is not a metric's name")
    precondition(!help.isEmpty, "\(name): say what it is")
    for label in labels {
      precondition(
        Self.isName(label, alsoColons: false) && !label.hasPrefix("__"),
        "\(name): \(label) is not a label's name")
    }
    precondition(Set(labels).count == labels.count, "\(name): a label comes twice")
  }

  private static func isName(_ name: String, alsoColons: Bool) -> Bool {
    var isFirst = true
    for byte in name.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "_"):
        break
      case UInt8(ascii: "0")...UInt8(ascii: "9") where !isFirst: break
      case UInt8(ascii: ":") where alsoColons: break
      default: return false
      }
      isFirst = false
    }
    return !isFirst
  }
}

/// A family as the registry holds it.
protocol AnyFamily: Sendable {
  var header: FamilyHeader { get }
  func write(to output: inout Exposition)
}

/// A series as its family holds it.
protocol WritableSeries: AnyObject, Sendable {
  func write(_ header: FamilyHeader, _ labelValues: [String], to output: inout Exposition)
}

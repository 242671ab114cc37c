internal import JSON

/// What `lvs` and `vgs` print with `--reportformat json --units b --nosuffix`: every value is a string.
enum LVMReport {
  /// Why a report could not be read.
  struct Broken: Error { let reason: String }

  /// A logical volume.
  struct Volume: Hashable {
    static let fields = [
      "lv_name", "lv_size", "lv_tags", "pool_lv", "lv_attr", "data_percent", "metadata_percent",
      "lv_active",
    ]

    var name: String
    var size: Int64
    var tags: [String]
    /// The thin pool it is in.
    var pool: String?
    /// See lvs(8): type, permission, allocation, fixed minor, state, open, target, zeroing, …
    var attributes: [Character]
    /// Of a thin volume or pool: hundredths of its bytes that have blocks.
    var dataPercent: Double?
    /// Of a thin pool.
    var metadataPercent: Double?
    var isActive: Bool

    /// Bytes that have blocks.
    var mapped: Int64 {
      guard let dataPercent else { return size }
      // Printed with two digits: rounded up to the next of them.
      return min(size, Int64(Double(size) * min(100, max(0, dataPercent + 0.01)) / 100))
    }

    /// Its device holds all I/O back: an LVM program was killed before it let it go on.
    var isSuspended: Bool { attributes.count > 4 && "sS".contains(attributes[4]) }

    /// What is the matter with a thin pool's data or metadata; nil when nothing is.
    var illness: String? {
      switch attributes.count > 8 ? attributes[8] : "-" {
      case "F": "has failed"
      case "D": "has no room for data"
      case "M": "takes no new metadata: it is read-only"
      default: nil
      }
    }

    /// Whether new chunks of the thin pool are zeroed before they are read.
    var zeroes: Bool { attributes.count > 7 && attributes[7] == "z" }
  }

  /// A volume group.
  struct Group: Hashable {
    static let fields = [
      "vg_name", "vg_size", "vg_free", "vg_extent_size", "vg_tags", "vg_attr",
      "vg_missing_pv_count",
    ]

    var name: String
    var free: Int64
    var extentSize: Int64
    var tags: [String]
    var isWritable: Bool
    var missingDevices: Int64
  }

  static func volumes(_ text: String) throws(Broken) -> [Volume] {
    try rows(text, "lv").map { (row) throws(Broken) in
      Volume(
        name: try string(row, "lv_name"), size: try number(row, "lv_size"),
        tags: try tags(row, "lv_tags"), pool: try optional(row, "pool_lv"),
        attributes: Array(try string(row, "lv_attr")),
        dataPercent: try percent(row, "data_percent"),
        metadataPercent: try percent(row, "metadata_percent"),
        isActive: try string(row, "lv_active") == "active")
    }
  }

  static func groups(_ text: String) throws(Broken) -> [Group] {
    try rows(text, "vg").map { (row) throws(Broken) in
      Group(
        name: try string(row, "vg_name"), free: try number(row, "vg_free"),
        extentSize: try number(row, "vg_extent_size"), tags: try tags(row, "vg_tags"),
        isWritable: try string(row, "vg_attr").hasPrefix("w"),
        missingDevices: try number(row, "vg_missing_pv_count"))
    }
  }

  private static func rows(_ text: String, _ kind: String) throws(Broken) -> [JSONValue] {
    let value: JSONValue
    do {
      value = try JSONValue.parse(text)
    } catch {
      throw Broken(reason: "\(error)")
    }
    guard let reports = value["report"]?.arrayValue, reports.count == 1,
      let rows = reports[0][kind]?.arrayValue
    else { throw Broken(reason: "it has no list of \(kind)") }
    return rows
  }

  private static func string(_ row: JSONValue, _ field: String) throws(Broken) -> String {
    guard let text = row[field]?.stringValue else { throw Broken(reason: "\(field) is missing") }
    return text
  }

  private static func optional(_ row: JSONValue, _ field: String) throws(Broken) -> String? {
    let text = try string(row, field)
    return text.isEmpty ? nil : text
  }

  private static func number(_ row: JSONValue, _ field: String) throws(Broken) -> Int64 {
    let text = try string(row, field)
    guard let number = Int64(text) else { throw Broken(reason: "\(field) is '\(text)'") }
    return number
  }

  private static func percent(_ row: JSONValue, _ field: String) throws(Broken) -> Double? {
    guard let text = try optional(row, field) else { return nil }
    guard let number = Double(text), number.isFinite else {
      throw Broken(reason: "\(field) is '\(text)'")
    }
    return number
  }

  private static func tags(_ row: JSONValue, _ field: String) throws(Broken) -> [String] {
    try string(row, field).split(separator: ",").map { String($0) }
  }
}

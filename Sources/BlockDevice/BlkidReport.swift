/// What `blkid --probe --output export` prints: `KEY=value` lines, in which spaces, quotes and the like
/// are escaped by backslashes and control characters are spelled out, so a label cannot forge a line.
struct BlkidReport: Hashable {
  /// As printed, escapes included: no value that counts here has any.
  private let values: [String: String]

  /// Nil for a line that is no `KEY=value`, and for a key that comes twice.
  init?(parsing text: String) {
    var values: [String: String] = [:]
    for line in text.split(separator: "\n") {
      guard let sign = line.firstIndex(of: "="), sign != line.startIndex else { return nil }
      let key = String(line[..<sign])
      guard values.updateValue(String(line[line.index(after: sign)...]), forKey: key) == nil else {
        return nil
      }
    }
    self.values = values
  }

  /// What the report says is there.  It is never `empty`: whoever got a report found something.
  var content: DeviceContent {
    switch (values["TYPE"], values["PTTYPE"]) {
    case (let type?, let table?):
      // One of them is a leftover, or a boot sector in front of a file system, or an image that is
      // both.  Which of them holds the data is for a human to say.
      return .other(type: "both \(type) and a \(table) partition table")
    case (nil, let table?):
      return .partitionTable(type: table)
    case (let type?, nil):
      guard values["USAGE"] == "filesystem" else { return .other(type: type) }
      return .fileSystem(type: type, uuid: values["UUID"])
    case (nil, nil):
      let keys = values.keys.filter { $0 != "DEVNAME" }.sorted().joined(separator: ", ")
      return .other(type: "something without a type" + (keys.isEmpty ? "" : " (\(keys))"))
    }
  }
}

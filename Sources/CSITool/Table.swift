internal import JSON

/// A response for people: a line for each value, its name before it, and a table for each list.
///
/// A foreign driver's text must not steer the terminal: control characters are shown as escapes.
struct Table {
  /// The response as lines, each ending in a newline.
  ///
  /// `empty`: the line for one that has no field set.
  static func render(_ response: JSONValue, empty: String = "OK") -> String {
    let fields = flatten(response, [])
    if fields.isEmpty { return "\(empty)\n" }
    let width = fields.filter { $0.list == nil }.map { columns($0.name) }.max() ?? 0
    var text = ""
    for field in fields {
      if let list = field.list {
        text += "\(field.name)\n" + rows(list)
      } else {
        text += line([field.name, field.value], [width, 0])
      }
    }
    return text
  }

  /// Rows with a heading, each column as wide as its widest cell.
  static func render(heading: [String], rows: [[String]], indent: String = "") -> String {
    let all = [heading] + rows
    let widths = heading.indices.map { index in
      all.map { $0.indices.contains(index) ? columns($0[index]) : 0 }.max() ?? 0
    }
    return all.map { indent + line($0, widths) }.joined()
  }

  /// A value by the path to it, or a list.
  private struct Field {
    let path: [String]
    var value = ""
    var list: [JSONValue]?

    var name: String { path.joined(separator: ".") }
  }

  private static func flatten(_ value: JSONValue, _ path: [String]) -> [Field] {
    switch value {
    case .object(let object):
      return object.members.flatMap { flatten($0.value, path + [visible($0.name)]) }
    case .array(let elements): return [Field(path: path, list: elements)]
    default:
      return [Field(path: path, value: text(value) + readableSize(value, path.last ?? ""))]
    }
  }

  /// Lists of plain values: one each line.  Of objects: a column for each value that any has, under
  /// the end of its path that no other column has.
  private static func rows(_ elements: [JSONValue]) -> String {
    if elements.isEmpty { return "" }
    let rows = elements.map { flatten($0, []) }
    var paths: [[String]] = []
    for row in rows {
      for field in row where !paths.contains(field.path) { paths.append(field.path) }
    }
    if paths == [[]] {
      return elements.map { "  \(text($0))\n" }.joined()
    }
    return render(
      heading: paths.map { heading($0, among: paths) },
      rows: rows.map { row in
        paths.map { path in
          guard let field = row.first(where: { $0.path == path }) else { return "-" }
          return field.list.map { text(.array($0)) } ?? field.value
        }
      }, indent: "  ")
  }

  private static func heading(_ path: [String], among paths: [[String]]) -> String {
    let lengths = 1...max(1, path.count)
    let length = lengths.first { length in
      !paths.contains { $0 != path && $0.suffix(length) == path.suffix(length) }
    }
    return path.suffix(length ?? path.count).joined(separator: ".")
  }

  /// ` (10.25GiB)` behind a number of bytes, which csi.proto marks by the field's name.
  private static func readableSize(_ value: JSONValue, _ name: String) -> String {
    guard ["Bytes", "Capacity", "VolumeSize"].contains(where: { name.hasSuffix($0) }),
      let bytes = value.stringValue.flatMap({ Int64($0) }), let text = ByteCount.text(bytes)
    else { return "" }
    return " (\(text))"
  }

  private static func text(_ value: JSONValue) -> String {
    switch value {
    case .string(let text): text.isEmpty ? "\"\"" : visible(text)
    default: value.serialized()
    }
  }

  private static func line(_ cells: [String], _ widths: [Int]) -> String {
    var text = ""
    for (index, cell) in cells.enumerated() {
      text += cell
      if index < cells.count - 1 {
        text += String(repeating: " ", count: max(0, widths[index] - columns(cell)) + 2)
      }
    }
    while text.last == " " { text.removeLast() }
    return text + "\n"
  }

  private static func columns(_ text: String) -> Int { text.count }

  /// The text on one line and without what a terminal would obey.
  static func visible(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate:
        result += scalar.escaped(asASCII: true)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

internal import JSON

/// A response for people: a line for each value, its name before it, and a table for each list.
///
/// A foreign driver's text must not steer the terminal: control characters are shown as escapes.
struct Table {
  /// The response as lines, each ending in a newline.
  static func render(_ response: JSONValue) -> String {
    let fields = flatten(response, "")
    if fields.isEmpty { return "OK\n" }
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
    let name: String
    var value = ""
    var list: [JSONValue]?
  }

  private static func flatten(_ value: JSONValue, _ path: String) -> [Field] {
    switch value {
    case .object(let object):
      return object.members.flatMap { member in
        let name = visible(member.name)
        return flatten(member.value, path.isEmpty ? name : "\(path).\(name)")
      }
    case .array(let elements): return [Field(name: path, list: elements)]
    default: return [Field(name: path, value: text(value))]
    }
  }

  /// Lists of plain values: one each line.  Of objects: a column for each value that any has.
  private static func rows(_ elements: [JSONValue]) -> String {
    if elements.isEmpty { return "" }
    let rows = elements.map { flatten($0, "") }
    var heading: [String] = []
    for row in rows {
      for field in row where !heading.contains(field.name) { heading.append(field.name) }
    }
    if heading == [""] {
      return elements.map { "  \(text($0))\n" }.joined()
    }
    return render(
      heading: heading,
      rows: rows.map { row in
        heading.map { name in
          guard let field = row.first(where: { $0.name == name }) else { return "-" }
          return field.list.map { text(.array($0)) } ?? field.value
        }
      }, indent: "  ")
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

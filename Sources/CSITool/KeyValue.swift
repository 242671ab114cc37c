internal import ArgumentParser
internal import JSON

/// `key=value` on the command line; the value may be empty and may hold further `=`.
struct KeyValue: Hashable, ExpressibleByArgument {
  let key, value: String

  init?(argument: String) {
    guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else {
      return nil
    }
    key = String(argument[..<equals])
    value = String(argument[argument.index(after: equals)...])
  }
}

extension JSONObject {
  /// Puts pairs into the map of that name, over what is there.
  mutating func merge(_ pairs: [KeyValue], into name: String) {
    if pairs.isEmpty { return }
    var map = self[name]?.objectValue ?? JSONObject()
    for pair in pairs { map[pair.key] = .string(pair.value) }
    self[name] = .object(map)
  }
}

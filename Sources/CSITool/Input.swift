internal import Glibc
internal import JSON
internal import Linux

/// JSON that comes from outside the command line. Errors never quote it: it may hold secrets.
enum Input {
  private static let limit = 4 << 20

  static func file(_ path: String) throws(UsageError) -> [UInt8] {
    do throws(SystemCallError) {
      return try Files.read(path, limit: limit)
    } catch {
      throw UsageError("\(error)")
    }
  }

  static func standardInput() throws(UsageError) -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe read(STDIN_FILENO, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        throw UsageError("standard input: \(unsafe String(cString: strerror(errno)))")
      }
      if count == 0 { return bytes }
      bytes += chunk[..<count]
      guard bytes.count <= limit else {
        throw UsageError("standard input: has more than \(limit) bytes")
      }
    }
  }

  static func object(_ bytes: [UInt8], what: String) throws(UsageError) -> JSONObject {
    let value: JSONValue
    do throws(JSONError) {
      value = try JSONValue.parse(bytes)
    } catch {
      throw UsageError("\(what): \(error.description)")
    }
    guard let object = value.objectValue else {
      throw UsageError("\(what): want a JSON object, have \(value.kind)")
    }
    return object
  }

  /// A file's object of strings: `{"key": "value"}`.
  static func secrets(_ path: String) throws(UsageError) -> JSONObject {
    let secrets = try object(file(path), what: "--secrets-file")
    for member in secrets.members where member.value.stringValue == nil {
      throw UsageError(
        "--secrets-file: '\(Table.visible(member.name))' is \(member.value.kind), want a string")
    }
    return secrets
  }
}

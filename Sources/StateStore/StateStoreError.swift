public import Linux

/// Why a store did not do as it was told.
public enum StateStoreError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Somebody else changed the key first; nil means that there is none.
  case conflict(key: String, expected: UInt64?, found: UInt64?)
  /// The key's file is not what was written.  It was set aside and is not touched again; until somebody
  /// removes it, the key can be neither read nor written.
  case broken(BrokenFile)
  /// Another process has the store open.
  case locked(directory: String)
  /// The key is empty or longer than its file's name may be.
  case invalidKey(String)
  /// The value is longer than a store takes.
  case tooLarge(key: String, size: Int, limit: Int)
  /// The system did not do it.
  case failed(SystemCallError)

  /// Names the key, what is the matter, and what to do where there is something to do.
  public var description: String {
    switch self {
    case .conflict(let key, let expected, let found):
      func name(_ version: UInt64?) -> String { version.map { "version \($0)" } ?? "none" }
      return "state of \(key): expected \(name(expected)), found \(name(found))"
    case .broken(let file):
      return file.description
    case .locked(let directory):
      return "state directory \(directory): another process has it open"
    case .invalidKey(let key):
      return "state of \"\(key)\": the key is empty or too long"
    case .tooLarge(let key, let size, let limit):
      return "state of \(key): \(size) bytes are more than \(limit)"
    case .failed(let error):
      return "state: \(error)"
    }
  }
}

/// A file that was set aside, since it is not what was written.
public struct BrokenFile: Hashable, Sendable, CustomStringConvertible {
  /// Whose value it was.
  public let key: String
  /// Where it lies now.
  public let path: String
  /// What is wrong with it.
  public let reason: String

  /// Says what is wrong and what to do.
  public var description: String {
    "state of \(key): \(reason); set aside as \(path): repair it and put it back, or remove it"
  }
}

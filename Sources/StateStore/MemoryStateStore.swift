internal import Synchronization

/// A store that forgets everything with its process.
public final class MemoryStateStore: StateStore {
  private struct State {
    /// By bytes: two keys that look alike are two keys, as in files.
    var values: [[UInt8]: StoredValue] = [:]
    var lastVersion: UInt64 = 0
  }
  private let state = Mutex(State())

  /// An empty store.
  public init() {}

  /// The value of a key; nil when there is none.
  public func get(_ key: String) async throws(StateStoreError) -> StoredValue? {
    _ = try FileName(key: key)
    return state.withLock { $0.values[Array(key.utf8)] }
  }

  /// Puts a value if the key has this version, or none.
  public func put(
    _ key: String, _ bytes: [UInt8], ifVersion version: UInt64?
  ) async throws(StateStoreError) -> UInt64 {
    _ = try FileName(key: key)
    try Envelope.checkSize(bytes, key: key)
    return try state.withLock { (state) throws(StateStoreError) in
      let found = state.values[Array(key.utf8)]?.version
      guard found == version else { throw .conflict(key: key, expected: version, found: found) }
      state.lastVersion += 1
      state.values[Array(key.utf8)] = StoredValue(bytes: bytes, version: state.lastVersion)
      return state.lastVersion
    }
  }

  /// Deletes a key if it has this version.
  public func delete(_ key: String, ifVersion version: UInt64) async throws(StateStoreError) {
    _ = try FileName(key: key)
    try state.withLock { (state) throws(StateStoreError) in
      let found = state.values[Array(key.utf8)]?.version
      guard found == version else { throw .conflict(key: key, expected: version, found: found) }
      state.values[Array(key.utf8)] = nil
    }
  }

  /// The keys that begin so, sorted by their bytes.
  public func keys(beginningWith prefix: String) async throws(StateStoreError) -> [String] {
    state.withLock { $0.values.keys.filter { $0.starts(with: prefix.utf8) } }
      .sorted { $0.lexicographicallyPrecedes($1) }.map { String(decoding: $0, as: UTF8.self) }
  }
}

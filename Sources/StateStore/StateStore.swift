/// A value and the version it was read at.
public struct StoredValue: Hashable, Sendable {
  /// What was put.
  public let bytes: [UInt8]
  /// For the next `put` or `delete`.
  public let version: UInt64

  /// A value as a store gives it.
  public init(bytes: [UInt8], version: UInt64) {
    self.bytes = bytes
    self.version = version
  }
}

/// Values by key, changed by compare-and-swap: whoever changes one says which version they have seen.
///
/// Versions only grow, over all keys and over deletions: a version is never given twice while anybody
/// may still hold it, so a value that was deleted and made anew is not taken for the old one.
public protocol StateStore: Sendable {
  /// The value of a key; nil when there is none.  What cannot be read is an error and never nil.
  func get(_ key: String) async throws(StateStoreError) -> StoredValue?

  /// Puts a value if the key's version is `version`, or, with nil, if there is none; else fails with
  /// `conflict`.  Returns the new version.  After return it is durable, as far as the store is.
  /// After `failed` it may have happened or not: get it again.
  func put(
    _ key: String, _ bytes: [UInt8], ifVersion version: UInt64?
  ) async throws(StateStoreError) -> UInt64

  /// Deletes a key if its version is `version`; else, or when there is none, fails with `conflict`.
  func delete(_ key: String, ifVersion version: UInt64) async throws(StateStoreError)

  /// The keys that begin with `prefix`, sorted by their bytes; those too whose value turns out to be
  /// broken, and those whose value was set aside for that. No value is read for it.
  func keys(beginningWith prefix: String) async throws(StateStoreError) -> [String]
}

extension StateStore {
  /// All keys.
  public func keys() async throws(StateStoreError) -> [String] {
    try await keys(beginningWith: "")
  }
}

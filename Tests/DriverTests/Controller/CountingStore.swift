import StateStore
import Synchronization

/// A store in memory that counts what is read of it.
final class CountingStore: StateStore {
  private struct Counts {
    var gets = 0
    var lists = 0
  }
  private let counts = Mutex(Counts())
  private let base = MemoryStateStore()

  /// Values that were asked for.
  var gets: Int { counts.withLock { $0.gets } }
  /// Listings of keys.
  var lists: Int { counts.withLock { $0.lists } }

  /// Counts from nothing again.
  func restart() { counts.withLock { $0 = Counts() } }

  func get(_ key: String) async throws(StateStoreError) -> StoredValue? {
    counts.withLock { $0.gets += 1 }
    return try await base.get(key)
  }

  func put(
    _ key: String, _ bytes: [UInt8], ifVersion version: UInt64?
  ) async throws(StateStoreError) -> UInt64 {
    try await base.put(key, bytes, ifVersion: version)
  }

  func delete(_ key: String, ifVersion version: UInt64) async throws(StateStoreError) {
    try await base.delete(key, ifVersion: version)
  }

  func keys(beginningWith prefix: String) async throws(StateStoreError) -> [String] {
    counts.withLock { $0.lists += 1 }
    return try await base.keys(beginningWith: prefix)
  }
}

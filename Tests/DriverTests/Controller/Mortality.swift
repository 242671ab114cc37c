import Backends
import Linux
import StateStore
import Synchronization
import SystemPackage

/// A life of the controller that ends at its n-th contact with the store or the storage. What had
/// happened by then has happened; nothing that it tries afterwards does: as after a kill -9.
final class Mortality: Sendable {
  /// Whose life the storage is being asked in.
  @TaskLocal static var current: Mortality?

  private let left: Mutex<Int>

  /// It lives for `steps` contacts.
  init(steps: Int) { left = Mutex(steps) }

  var isDead: Bool { left.withLock { $0 <= 0 } }

  /// One contact. False: it did not happen.
  func spend() -> Bool {
    left.withLock { left in
      guard left > 0 else { return false }
      left -= 1
      return true
    }
  }
}

/// The store as seen by one life. Dies before a write or right after it: both were seen by nobody.
struct MortalStore: StateStore {
  let store: any StateStore
  let life: Mortality

  private var dead: StateStoreError {
    .failed(SystemCallError(call: "write", subject: "state", errno: .ioError))
  }

  private func contact() throws(StateStoreError) {
    guard life.spend() else { throw dead }
  }

  func get(_ key: String) async throws(StateStoreError) -> StoredValue? {
    guard !life.isDead else { throw dead }
    return try await store.get(key)
  }

  func put(
    _ key: String, _ bytes: [UInt8], ifVersion version: UInt64?
  ) async throws(StateStoreError) -> UInt64 {
    try contact()
    let version = try await store.put(key, bytes, ifVersion: version)
    try contact()
    return version
  }

  func delete(_ key: String, ifVersion version: UInt64) async throws(StateStoreError) {
    try contact()
    try await store.delete(key, ifVersion: version)
    try contact()
  }

  func keys(beginningWith prefix: String) async throws(StateStoreError) -> [String] {
    guard !life.isDead else { throw dead }
    return try await store.keys(beginningWith: prefix)
  }
}

import Linux
import StateStore
import Synchronization
import SystemPackage

@testable import Backends

/// Ends the driver's life before its n-th change of anything: configfs, state store, pool. From then on
/// nothing works any more, as for a process that was killed.
final class KillSwitch: Sendable {
  private struct State {
    var left: Int?
    var isDead = false
    var steps = 0
  }
  private let state = Mutex(State())

  /// Never, without a number.
  init(before step: Int? = nil) { state.withLock { $0.left = step } }

  /// So many changes from now on are the last.
  func die(before step: Int) { state.withLock { $0.left = step } }

  var isDead: Bool { state.withLock { $0.isDead } }

  /// Looks and changes so far.
  var steps: Int { state.withLock { $0.steps } }

  func willChange(_ call: String, _ subject: String) throws(SystemCallError) {
    let dies = state.withLock { state in
      state.steps += 1
      if let left = state.left {
        state.isDead = state.isDead || left == 0
        state.left = max(0, left - 1)
      }
      return state.isDead
    }
    if dies { throw SystemCallError(call: call, subject: subject, errno: .interrupted) }
  }

  func willLook(_ call: String, _ subject: String) throws(SystemCallError) {
    state.withLock { $0.steps += 1 }
    if isDead { throw SystemCallError(call: call, subject: subject, errno: .interrupted) }
  }
}

/// A state store that dies with its process.
struct MortalStore: StateStore {
  let base: any StateStore
  let life: KillSwitch

  func get(_ key: String) async throws(StateStoreError) -> StoredValue? {
    try look("get", key)
    return try await base.get(key)
  }

  func put(
    _ key: String, _ bytes: [UInt8], ifVersion version: UInt64?
  ) async throws(StateStoreError) -> UInt64 {
    try change("put", key)
    return try await base.put(key, bytes, ifVersion: version)
  }

  func delete(_ key: String, ifVersion version: UInt64) async throws(StateStoreError) {
    try change("delete", key)
    try await base.delete(key, ifVersion: version)
  }

  func keys(beginningWith prefix: String) async throws(StateStoreError) -> [String] {
    try look("keys", "")
    return try await base.keys(beginningWith: prefix)
  }

  private func look(_ call: String, _ key: String) throws(StateStoreError) {
    do throws(SystemCallError) { try life.willLook(call, key) } catch { throw .failed(error) }
  }

  private func change(_ call: String, _ key: String) throws(StateStoreError) {
    do throws(SystemCallError) { try life.willChange(call, key) } catch { throw .failed(error) }
  }
}

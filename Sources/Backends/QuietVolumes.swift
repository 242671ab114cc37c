internal import Synchronization

/// Keeps hosts out of a volume for as long as a pool copies it, and copies out of a volume that hosts
/// may write to, or whose hosts are just being changed.
///
/// In memory only: when this process dies the copy is over, and is begun anew.
final class QuietVolumes: Sendable {
  private struct State {
    var copies: [ObjectID: Int] = [:]
    var changes: [ObjectID: Int] = [:]
  }
  private let state = Mutex(State())

  /// Lets a host in by `body`, unless the volume is being copied.
  func granting<Value>(
    _ volume: ObjectID, _ body: () async throws(BackendError) -> Value
  ) async throws(BackendError) -> Value {
    let isCopied = state.withLock { state in
      if state.copies[volume] != nil { return true }
      state.changes[volume, default: 0] += 1
      return false
    }
    guard !isCopied else {
      throw BackendError(
        .unavailable, "volume \(volume) is being copied, and nobody may write to it meanwhile")
    }
    defer { state.withLock { Self.drop(volume, &$0.changes) } }
    return try await body()
  }

  /// Shuts a host out by `body`, also of a volume that is being copied: nobody waits to be safe from a
  /// node that is gone. No copy begins before it is over, since the host writes until it is cut.
  func revoking<Value>(
    _ volume: ObjectID, _ body: () async throws(BackendError) -> Value
  ) async throws(BackendError) -> Value {
    state.withLock { $0.changes[volume, default: 0] += 1 }
    defer { state.withLock { Self.drop(volume, &$0.changes) } }
    return try await body()
  }

  /// Copies a volume by `body`, unless its hosts are being changed; `body` looks who they are.
  func copying<Value>(
    _ volume: ObjectID, _ body: () async throws(BackendError) -> Value
  ) async throws(BackendError) -> Value {
    let isChanged = state.withLock { state in
      if state.changes[volume] != nil { return true }
      state.copies[volume, default: 0] += 1
      return false
    }
    guard !isChanged else {
      throw BackendError(
        .inUse, "a host of volume \(volume) is just being let in or shut out; try again after that")
    }
    defer { state.withLock { Self.drop(volume, &$0.copies) } }
    return try await body()
  }

  private static func drop(_ volume: ObjectID, _ counts: inout [ObjectID: Int]) {
    let count = counts[volume, default: 1] - 1
    counts[volume] = count > 0 ? count : nil
  }
}

internal import Synchronization

/// Keeps hosts out of a volume for as long as a pool copies it, and copies out of a volume that hosts
/// may write to.
///
/// In memory only: when this process dies the copy is over, and is begun anew.
final class QuietVolumes: Sendable {
  private struct State {
    var copies: [ObjectID: Int] = [:]
    var grants: [ObjectID: Int] = [:]
  }
  private let state = Mutex(State())

  /// Lets a host in by `body`, unless the volume is being copied.
  func granting<Value>(
    _ volume: ObjectID, _ body: () async throws(BackendError) -> Value
  ) async throws(BackendError) -> Value {
    let isCopied = state.withLock { state in
      if state.copies[volume] != nil { return true }
      state.grants[volume, default: 0] += 1
      return false
    }
    guard !isCopied else {
      throw BackendError(
        .unavailable, "volume \(volume) is being copied, and nobody may write to it meanwhile")
    }
    defer { state.withLock { Self.drop(volume, &$0.grants) } }
    return try await body()
  }

  /// Copies a volume by `body`, unless a host is being let in; `body` looks who is.
  func copying<Value>(
    _ volume: ObjectID, _ body: () async throws(BackendError) -> Value
  ) async throws(BackendError) -> Value {
    let isGranted = state.withLock { state in
      if state.grants[volume] != nil { return true }
      state.copies[volume, default: 0] += 1
      return false
    }
    guard !isGranted else {
      throw BackendError(.inUse, "volume \(volume) is just being handed to a host")
    }
    defer { state.withLock { Self.drop(volume, &$0.copies) } }
    return try await body()
  }

  private static func drop(_ volume: ObjectID, _ counts: inout [ObjectID: Int]) {
    let count = counts[volume, default: 1] - 1
    counts[volume] = count > 0 ? count : nil
  }
}

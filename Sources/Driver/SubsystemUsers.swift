internal import NVMe
internal import Synchronization

/// Which volumes use which namespace of which subsystem, so that the last one out disconnects and
/// nobody else does, and no namespace has two owners.
///
/// Joining and leaving are atomic against each other: a volume that comes while the last one is
/// disconnecting is told to try again, instead of mounting on a controller that is about to go.
final class SubsystemUsers: Sendable {
  private struct State {
    var users: [NQN: [VolumeID: UInt32]] = [:]
    var disconnecting: Set<NQN> = []
  }
  private let state: Mutex<State>

  /// Starts from what the stage records say.
  init(_ records: [StageRecord]) {
    var users: [NQN: [VolumeID: UInt32]] = [:]
    for record in records {
      users[record.source.nqn, default: [:]][record.volume] = record.source.nsid
    }
    state = Mutex(State(users: users))
  }

  /// Counts `volume` as the user of namespace `nsid` of `nqn`; joining twice is joining once.
  /// Fails while the subsystem is being disconnected, and when another volume has the namespace.
  func join(_ nqn: NQN, _ nsid: UInt32, _ volume: VolumeID) throws(DriverError) {
    let refusal = state.withLock { state -> DriverError? in
      if state.disconnecting.contains(nqn) {
        return DriverError(
          .operationPending,
          "subsystem \(nqn) is being disconnected for another volume; try again")
      }
      let users = state.users[nqn, default: [:]]
      if let twin = users.first(where: { $0.value == nsid && $0.key != volume })?.key {
        return DriverError(
          .failedPrecondition,
          """
          namespace \(nsid) of \(nqn) is staged as volume \(twin) already; volume \(volume) must \
          not name the same: one file system would have two owners
          """)
      }
      state.users[nqn, default: [:]][volume] = nsid
      return nil
    }
    if let refusal { throw refusal }
  }

  /// Whether nobody but `volume` uses the subsystem.
  func isOnlyUser(_ volume: VolumeID, of nqn: NQN) -> Bool {
    state.withLock { state in
      state.users[nqn, default: [:]].keys.allSatisfy { $0 == volume }
    }
  }

  /// Runs `disconnect` when `volume` is the subsystem's only user, and forgets the volume once that
  /// is done. With other users left, the volume is forgotten and nothing is disconnected.
  func leave(
    _ nqn: NQN, _ volume: VolumeID, disconnect: () async throws(DriverError) -> Void
  ) async throws(DriverError) {
    let last = state.withLock { state -> Bool in
      var others = state.users[nqn, default: [:]]
      others[volume] = nil
      guard others.isEmpty else {
        state.users[nqn] = others
        return false
      }
      state.disconnecting.insert(nqn)
      return true
    }
    guard last else { return }
    defer { state.withLock { _ = $0.disconnecting.remove(nqn) } }
    try await disconnect()
    state.withLock { _ = $0.users.removeValue(forKey: nqn) }
  }
}

internal import NVMe
internal import Synchronization

/// What leads from this node to a volume's namespace.
enum Reach: Hashable, Sendable {
  /// A live path, or nothing at all that I/O could wait in: there is nothing to wait for.
  case open
  /// Only paths that the kernel tries to restore; I/O waits.
  case retrying
  /// No controller, and the disk that the kernel keeps for a new one; I/O waits.
  case kept

  /// Compares a subsystem's controllers, those of our host identity, with the volume's disks.
  init(_ controllers: [Controller], _ namespaces: [Namespace]) {
    let staying = controllers.filter { !$0.state.isGoing }
    let isKept = namespaces.contains { !$0.hasPath }
    if controllers.isEmpty {
      self = isKept ? .kept : .open
    } else if staying.contains(where: { $0.state == .live }) {
      // A disk that no controller leads to holds I/O back, whatever else the target serves.
      self = isKept ? .retrying : .open
    } else {
      self = .retrying
    }
  }

  /// Whether I/O waits.
  var isOut: Bool { self != .open }
}

/// Since when each volume's I/O has been waiting, as far as this life of the plugin has seen: after a
/// restart an outage begins anew, so it may have lasted longer, and never less long.
final class Outages: Sendable {
  private let began = Mutex<[VolumeID: ContinuousClock.Instant]>([:])

  /// Takes note of a look at a volume; returns since when it has been out, nil when it is not.
  @discardableResult
  func note(
    _ volume: VolumeID, isOut: Bool, at now: ContinuousClock.Instant
  ) -> ContinuousClock.Instant? {
    began.withLock { began in
      guard isOut else {
        began[volume] = nil
        return nil
      }
      let since = began[volume] ?? now
      began[volume] = since
      return since
    }
  }

  /// Only these have a record any more.
  func forgetAll(but volumes: [VolumeID]) {
    let kept = Set(volumes)
    began.withLock { began in began = began.filter { kept.contains($0.key) } }
  }
}

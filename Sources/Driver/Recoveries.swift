internal import Logging
internal import NVMe
internal import Recovery
internal import Resilience
internal import Synchronization

/// What recovery knows of each volume: its state, since when, and how long to wait after failures.
final class Recoveries: Sendable {
  /// One volume's state.
  struct Entry: Sendable {
    var state: RecoveryState
    var since: ContinuousClock.Instant
    var failure: String?
    var backoff: Backoff<SystemRandomNumberGenerator>
  }

  private let entries = Mutex<[VolumeID: Entry]>([:])
  private let logger: Logger
  private let metrics: DriverMetrics

  init(logger: Logger, metrics: DriverMetrics) {
    self.logger = logger
    self.metrics = metrics
  }

  /// Every volume that has been looked at.
  var all: [VolumeID: Entry] { entries.withLock { $0 } }

  /// How the volume is now; says so in the log when that has changed.
  func note(_ state: RecoveryState, of volume: VolumeID) {
    let now = ContinuousClock.now
    let previous = entries.withLock { entries -> Entry? in
      let previous = entries[volume]
      if previous?.state != state {
        entries[volume] = Entry(
          state: state, since: now, failure: nil, backoff: previous?.backoff ?? Self.backoff)
      }
      if state == .healthy { entries[volume]?.backoff = Self.backoff }
      return previous
    }
    if let previous, previous.state != state {
      if state == .healthy {
        metrics.healed(from: previous.state, after: now - previous.since)
      } else {
        metrics.fell(into: state)
      }
    }
    guard previous?.state != state, previous != nil || state != .healthy else { return }
    logger.log(
      level: state == .healthy ? .notice : .warning, "a volume's state has changed",
      metadata: [
        "volume": "\(volume)", "from": "\(previous?.state.name ?? "unseen")", "to": "\(state.name)",
        "detail": "\(state)", "after_ms": "\(previous.map { (now - $0.since).milliseconds } ?? 0)",
      ])
  }

  /// A repair that did not come off.
  func fail(_ volume: VolumeID, _ error: DriverError) {
    let isNew = entries.withLock { entries in
      defer { entries[volume]?.failure = error.message }
      return entries[volume]?.failure != error.message
    }
    guard isNew else { return }
    logger.warning(
      "a volume could not be restored; it will be tried again",
      metadata: ["volume": "\(volume)", "reason": "\(error)"])
  }

  /// Only these have a record any more.
  func forgetAll(but volumes: [VolumeID]) {
    let kept = Set(volumes)
    entries.withLock { entries in entries = entries.filter { kept.contains($0.key) } }
  }

  /// The volume is no longer ours to keep up.
  func forget(_ volume: VolumeID) { entries.withLock { _ = $0.removeValue(forKey: volume) } }

  /// Whether the volume is to be tried again by itself, and when.
  func outcome(of volume: VolumeID, _ state: RecoveryState) -> Reconciler<VolumeID>.Outcome {
    switch state {
    case .healthy, .reconnecting, .held, .foreign, .absent: return .settled
    default:
      let delay = entries.withLock { entries in
        // A target that is back is to be found at once, and a look costs a reading of sysfs and, while
        // the target is away, one refused TCP connection. The more volumes are waiting, the less often
        // each looks.
        let unwell = entries.values.count { $0.state != .healthy }
        let longest = Duration.milliseconds(500) + .milliseconds(20) * unwell
        return min(entries[volume]?.backoff.next() ?? longest, longest)
      }
      return .again(after: delay)
    }
  }

  /// A fifth of a second at first, half a minute at most.
  private static var backoff: Backoff<SystemRandomNumberGenerator> {
    Backoff(base: .milliseconds(200), cap: .seconds(30))
  }
}

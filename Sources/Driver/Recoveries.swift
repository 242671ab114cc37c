internal import Logging
internal import NVMe
internal import Recovery
internal import Synchronization

/// What recovery knows of each volume: its state, since when, and when it may be tried again.
final class Recoveries: Sendable {
  /// One volume's state.
  struct Entry: Sendable {
    /// As the last look or attempt found it.
    var state: RecoveryState
    /// Since when it has had a state of this name.
    var since: ContinuousClock.Instant
    /// Since when it has not been healthy; nil: it is.
    var unwellSince: ContinuousClock.Instant?
    /// Why the last attempt did not come off.
    var failure: String?
    /// The last attempt, if it did not come off.
    var attempt: Attempt?
    /// Its record cannot be read.
    var isUnreadable = false
    /// When the file system was last asked how it is.
    var asked: ContinuousClock.Instant?

    init(_ state: RecoveryState, at now: ContinuousClock.Instant) {
      self.state = state
      since = now
    }
  }

  /// An attempt that did not come off.
  struct Attempt: Sendable {
    /// What there was to do.
    var steps: [RecoveryStep]
    /// When the first one in a row failed.
    var first: ContinuousClock.Instant
    /// When this one failed.
    var ended: ContinuousClock.Instant
    /// The same is not done again before.
    var notBefore: ContinuousClock.Instant
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

  /// What is known of one volume.
  func entry(of volume: VolumeID) -> Entry? { entries.withLock { $0[volume] } }

  /// How the volume is now; says so in the log when that has changed. Also a healthy one may have
  /// something left to be done, which may have failed before.
  func note(
    _ state: RecoveryState, of volume: VolumeID, hasWork: Bool = false,
    at now: ContinuousClock.Instant = .now
  ) {
    let (previous, current) = entries.withLock { entries -> (Entry?, Entry) in
      let previous = entries[volume]
      var entry = previous ?? Entry(state, at: now)
      entry.state = state
      entry.isUnreadable = false
      if previous?.state.name != state.name {
        entry.since = now
        entry.failure = nil
      }
      if state == .healthy {
        entry.unwellSince = nil
        if !hasWork { (entry.failure, entry.attempt) = (nil, nil) }
      } else if entry.unwellSince == nil {
        entry.unwellSince = now
      }
      entries[volume] = entry
      return (previous, entry)
    }
    if let unwellSince = previous?.unwellSince {
      if state == .healthy, let previous {
        metrics.healed(from: previous.state, after: now - unwellSince)
      }
    } else if current.unwellSince != nil {
      metrics.fell(into: state)
    }
    guard previous?.state.name != state.name, previous != nil || state != .healthy else { return }
    logger.log(
      level: state == .healthy ? .notice : .warning, "a volume's state has changed",
      metadata: [
        "volume": "\(volume)", "from": "\(previous?.state.name ?? "unseen")", "to": "\(state.name)",
        "detail": "\(state)", "after_ms": "\(previous.map { (now - $0.since).milliseconds } ?? 0)",
      ])
  }

  /// What kept a volume from being restored, or from being restored to the full. Logged when it is news.
  func explain(
    _ volume: VolumeID, _ reason: String, at now: ContinuousClock.Instant = .now
  ) {
    let isNews = entries.withLock { entries in
      // One that could not be looked at even once is known from here on.
      var entry = entries[volume] ?? Entry(.unknown(reason), at: now)
      defer {
        entry.failure = reason
        entries[volume] = entry
      }
      return entry.failure != reason
    }
    guard isNews else { return }
    logger.warning(
      "a volume could not be restored; it will be tried again",
      metadata: ["volume": "\(volume)", "reason": "\(reason)"])
  }

  /// An attempt to do these steps that did not come off. Returns how long the volume is left alone.
  func failed(
    _ volume: VolumeID, _ steps: [RecoveryStep], isDamaged: Bool = false, after took: Duration,
    at now: ContinuousClock.Instant = .now, jitter: Double = RetryPace.jitter()
  ) -> Duration {
    let kind: RetryPace.Kind =
      isDamaged ? .damaged : steps.contains(where: \.isConnect) ? .connect : .local
    return entries.withLock { entries in
      let unwell = entries.values.count { $0.unwellSince != nil }
      let first = entries[volume]?.attempt?.first ?? now
      let pause = RetryPace.pause(
        kind, age: now - first, took: took, unwell: unwell, jitter: jitter)
      entries[volume]?.attempt = Attempt(
        steps: steps, first: first, ended: now, notBefore: now + pause)
      return pause
    }
  }

  /// For how long these steps are not to be done yet; nil: they may be.
  ///
  /// What has failed is not done again before its time, whatever makes somebody look. Something else is
  /// to be done at once; for two things that take turns in failing there is a pause as well.
  func pause(
    _ volume: VolumeID, before steps: [RecoveryStep], at now: ContinuousClock.Instant = .now
  ) -> Duration? {
    guard let attempt = entry(of: volume)?.attempt else { return nil }
    let until =
      attempt.steps == steps
      ? attempt.notBefore : min(attempt.notBefore, attempt.ended + Self.shortest)
    return until > now ? until - now : nil
  }

  /// Something has happened to the volume: the next attempt need not wait for its time.
  func expedite(_ volume: VolumeID) {
    entries.withLock { entries in
      guard let attempt = entries[volume]?.attempt else { return }
      entries[volume]?.attempt?.notBefore = min(attempt.notBefore, attempt.ended + Self.shortest)
    }
  }

  private static var shortest: Duration { .milliseconds(200) }

  /// The volume's record cannot be read, so nothing is done for it.
  func unreadable(_ volume: VolumeID, _ reason: String, at now: ContinuousClock.Instant = .now) {
    let isNews = entries.withLock { entries in
      var entry = entries[volume] ?? Entry(.unknown(reason), at: now)
      defer { entries[volume] = entry }
      let isNews = !entry.isUnreadable || entry.failure != reason
      if entry.state.name != "unknown" { entry.since = now }
      (entry.state, entry.failure, entry.isUnreadable) = (.unknown(reason), reason, true)
      return isNews
    }
    guard isNews else { return }
    logger.error(
      "a stage record cannot be read; its volume is left as it is",
      metadata: ["volume": "\(volume)", "reason": "\(reason)"])
  }

  /// Whether it is time to ask the file system again how it is. Asking costs a process, so those of a
  /// thousand volumes are not asked at every sweep, nor all at once.
  func shouldAsk(_ volume: VolumeID, at now: ContinuousClock.Instant = .now) -> Bool {
    entries.withLock { entries in
      guard let entry = entries[volume] else { return true }
      return entry.asked.map { now - $0 >= Self.interval } ?? true
    }
  }

  /// The file system was asked.
  func asked(_ volume: VolumeID, at now: ContinuousClock.Instant = .now) {
    entries.withLock { $0[volume]?.asked = now - .milliseconds(Int64.random(in: 0...10_000)) }
  }

  private static var interval: Duration { .seconds(30) }

  /// Only these have a record any more.
  func forgetAll(but volumes: [VolumeID]) {
    let kept = Set(volumes)
    entries.withLock { entries in entries = entries.filter { kept.contains($0.key) } }
  }

  /// The volume is no longer ours to keep up.
  func forget(_ volume: VolumeID) { entries.withLock { _ = $0.removeValue(forKey: volume) } }
}

extension RecoveryStep {
  /// Whether it makes paths.
  var isConnect: Bool {
    if case .connect = self { return true }
    return false
  }
}

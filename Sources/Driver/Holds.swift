internal import Synchronization

/// What is known of file systems that have stopped and could not be unmounted, so that it is not tried
/// again in vain several times a second: a target is without its mount while that is tried.
final class Holds: Sendable {
  /// What one attempt has shown.
  struct Entry: Sendable {
    /// Who holds the file system, as far as that is known.
    var holder: String
    /// Where it was published then: with one target less the next attempt may succeed.
    var targets: [String]
    /// Until then nothing says that the next attempt would succeed.
    var notBefore: ContinuousClock.Instant
    var wait: Duration
  }

  private let entries = Mutex<[VolumeID: Entry]>([:])

  private static var shortest: Duration { .seconds(5) }
  private static var longest: Duration { .seconds(120) }

  /// An attempt that failed; each one in a row makes the wait for the next twice as long, unless nothing
  /// was unmounted by it.
  func note(
    _ holder: String, of volume: VolumeID, targets: [String], wasHarmless: Bool = false,
    at now: ContinuousClock.Instant
  ) {
    entries.withLock { entries in
      let previous = entries[volume]?.wait
      let wait =
        wasHarmless
        ? previous ?? Self.shortest : previous.map { min($0 * 2, Self.longest) } ?? Self.shortest
      entries[volume] = Entry(holder: holder, targets: targets, notBefore: now + wait, wait: wait)
    }
  }

  /// What the last attempt has shown, and whether the next one may be made.
  func hold(
    of volume: VolumeID, targets: [String], at now: ContinuousClock.Instant
  ) -> (holder: String, mayBeOver: Bool)? {
    entries.withLock { $0[volume] }.map { entry in
      (entry.holder, now >= entry.notBefore || entry.targets != targets)
    }
  }

  /// The file system is let go of.
  func forget(_ volume: VolumeID) { entries.withLock { _ = $0.removeValue(forKey: volume) } }
}

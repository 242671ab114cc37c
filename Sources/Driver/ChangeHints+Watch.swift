internal import Synchronization

extension ChangeHints {
  /// Something that looks at the system and pauses, again and again, from now on.
  func watch() -> ChangeWatch { ChangeWatch(self) }
}

/// Pauses between looks without missing what changes during a look: a change since the end of the pause
/// before ends the next one at once.
final class ChangeWatch: Sendable {
  private let changes: ChangeHints
  private let seen: Atomic<UInt64>

  init(_ changes: ChangeHints) {
    self.changes = changes
    seen = Atomic(changes.count)
  }

  /// Returns after `duration`, or before when something may have changed.
  @Sendable func pause(_ duration: Duration) async {
    await changes.pause(duration, since: seen.load(ordering: .relaxed))
    // Before the next look: what changes from here on is seen by it, or ends the pause after it.
    seen.store(changes.count, ordering: .relaxed)
  }
}

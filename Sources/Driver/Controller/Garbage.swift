internal import Backends

/// When each leftover was first seen, by our own clock: what a backend says about ages is not trusted,
/// and neither is one look.
struct Garbage: Sendable {
  private let grace: Duration
  private var firstSeen: [Leftover: ContinuousClock.Instant] = [:]

  /// A leftover is garbage when it was seen in every listing for this long, and in two at least.
  init(grace: Duration) { self.grace = grace }

  /// Takes in a complete listing, made at `now`; returns what of it may be removed. Whatever has a
  /// record is not a leftover but work, whoever does it.
  mutating func seen(
    _ leftovers: [Leftover], at now: ContinuousClock.Instant, known: Set<ObjectID>
  ) -> [Leftover] {
    var seen: [Leftover: ContinuousClock.Instant] = [:]
    var ripe: [Leftover] = []
    for leftover in leftovers where !known.contains(leftover.id) {
      let first = firstSeen[leftover]
      seen[leftover] = first ?? now
      if let first, now - first >= grace { ripe.append(leftover) }
    }
    firstSeen = seen
    return ripe
  }
}

/// What must hold whatever happens.
enum Invariant: String, CaseIterable, Sendable {
  case keepsWrites = "no acknowledged write is lost"
  case touchesNothing = "no device of somebody else is touched"
  case neverFormats = "nothing that holds data is formatted"
  case trueIdentity = "nothing is mounted or published under a wrong identity"
  case neverHangs = "nothing hangs beyond its deadline, and the plugin lives and answers"
  case answersRight = "what must be refused is refused, and no answer is of a wrong kind"
  case heals = "every volume is healthy again after the last fault"
  case leavesNothing = "nothing is left after teardown"
}

/// An invariant that did not hold.
struct Violation: Error, Hashable, CustomStringConvertible {
  let invariant: Invariant
  /// Of which volume; empty for none.
  let volume: String
  /// The last action before it that was about the volume, or the last of all.
  let action: Int
  let detail: String

  var description: String {
    "\(invariant.rawValue): NOT TRUE\(volume.isEmpty ? "" : " of \(volume)") after action "
      + "#\(action): \(detail)"
  }
}

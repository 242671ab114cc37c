/// Bytes that volumes being made or expanded will need and that a survey need not show yet.
///
/// A survey is a look at one moment, and what is done with it comes later: a volume may be finished in
/// between, so that it is neither in the survey nor under way any more. So each survey has a number, and
/// a promise that has ended still counts for the surveys that were begun before.
struct LVMPromises {
  private struct Ended {
    let id: ObjectID
    let bytes: Int64
    /// The last survey that was begun by then.
    let survey: Int
    let at: ContinuousClock.Instant
  }

  /// No survey is used for so long.
  private static let memory: Duration = .seconds(1_800)

  private var surveys = 0
  private var open: [ObjectID: Int64] = [:]
  private var ended: [Ended] = []

  /// The number of a survey that begins now.
  mutating func beginSurvey() -> Int {
    surveys += 1
    return surveys
  }

  /// It will have so many bytes in all.
  mutating func begin(_ id: ObjectID, _ bytes: Int64) { open[id] = bytes }

  /// It has them, or will not.
  mutating func end(_ id: ObjectID, at now: ContinuousClock.Instant = .now) {
    ended.removeAll { now - $0.at > Self.memory }
    guard let bytes = open.removeValue(forKey: id) else { return }
    ended.append(Ended(id: id, bytes: bytes, survey: surveys, at: now))
  }

  /// Whether somebody is at work on it.
  func isOpen(_ id: ObjectID) -> Bool { open[id] != nil }

  /// What is promised beyond what a survey shows, to all but one.
  func beyond(
    survey: Int, shown: [ObjectID: Int64], except id: ObjectID?
  ) -> Int64 {
    var promised = open
    for end in ended where end.survey >= survey {
      promised[end.id] = max(promised[end.id] ?? 0, end.bytes)
    }
    return promised.reduce(Int64(0)) { sum, promise in
      promise.key == id ? sum : sum &+ max(0, promise.value - (shown[promise.key] ?? 0))
    }
  }
}

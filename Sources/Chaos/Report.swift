import Foundation
import GRPC
import Synchronization

/// Says what happens while it happens, counts it, and keeps the first violation of each invariant.
final class Report: Sendable {
  private let start = ContinuousClock.now
  private let state = Mutex(State())

  private struct State {
    var violations: [Violation] = []
    var kinds: [String: Int] = [:]
    var answers: [StatusCode: Int] = [:]
    var healed: [Duration] = []
    var stops = 0
    var verified = 0
    var hazards: [String] = []
    var latest: (number: Int, byVolume: [String: Int]) = (0, [:])
  }

  /// A line with the time.
  func line(_ text: String) {
    let elapsed = (ContinuousClock.now - start).text
    let time = String(repeating: " ", count: max(0, 8 - elapsed.count)) + elapsed
    FileHandle.standardOutput.write(Data("\(time)  \(text)\n".utf8))
  }

  /// Text as it is.
  func plain(_ text: String = "") { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }

  /// An action is begun.
  func begin(_ item: Schedule.Item) {
    state.withLock { state in
      state.kinds[item.action.kind, default: 0] += 1
      state.latest.number = item.number
      if let volume = item.action.volume { state.latest.byVolume[volume] = item.number }
    }
    line("#\(item.number)  \(item.action)")
  }

  /// An RPC was answered.
  func answered(_ code: StatusCode) { state.withLock { $0.answers[code, default: 0] += 1 } }

  /// A volume is as it should be again, so long after its last fault ended.
  func healed(_ volume: String, after duration: Duration) {
    state.withLock { $0.healed.append(duration) }
    line("    \(volume) healthy after \(duration.text)")
  }

  /// A writer got an error.
  func stopped() { state.withLock { $0.stops += 1 } }

  /// So many records were read back.
  func verified(_ count: Int) { state.withLock { $0.verified += count } }

  /// Nothing that the driver promises, but worth knowing.
  func hazard(_ text: String) {
    state.withLock { $0.hazards.append(text) }
    line("    note: \(text)")
  }

  /// An invariant does not hold.
  func violate(_ invariant: Invariant, _ volume: String, _ detail: String) {
    let violation = state.withLock { state in
      let violation = Violation(
        invariant: invariant, volume: volume,
        action: state.latest.byVolume[volume] ?? state.latest.number, detail: detail)
      state.violations.append(violation)
      return violation
    }
    line("VIOLATION  \(violation)")
  }

  var violations: [Violation] { state.withLock { $0.violations } }

  /// Every invariant with what became of it, and what was done to get there.
  func summary(checked: Set<Invariant>) {
    let state = state.withLock { $0 }
    plain("\nWhat happened")
    for (kind, count) in state.kinds.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
      plain("  \(count)  \(kind)")
    }
    let answers = state.answers.sorted { $0.value > $1.value }.map { "\($0.value) \($0.key)" }
    plain("  answers: \(answers.joined(separator: ", "))")
    plain("  writers stopped by an error: \(state.stops); records read back: \(state.verified)")
    let healed = state.healed.sorted()
    if let last = healed.last {
      plain(
        "  healed \(healed.count) times, median \(healed[healed.count / 2].text), "
          + "longest \(last.text)")
    }
    for hazard in Set(state.hazards).sorted() { plain("  note: \(hazard)") }
    plain("\nWhat held")
    for invariant in Invariant.allCases {
      let violations = state.violations.filter { $0.invariant == invariant }
      let mark = violations.isEmpty ? (checked.contains(invariant) ? "✓" : "–") : "✗"
      plain("  \(mark) \(invariant.rawValue)")
      for violation in violations.prefix(3) { plain("      \(violation)") }
    }
  }
}

extension Duration {
  /// `12.3 s`
  var text: String {
    let milliseconds = components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    return "\(milliseconds / 1_000).\(milliseconds % 1_000 / 100) s"
  }
}

import Foundation

/// Who did it.
enum Side: String, CaseIterable {
  case driver, hand
}

/// What was measured.
enum Part: String, CaseIterable {
  case stage, unstage, both
}

/// Times of both sides.
struct Measurements {
  /// One volume staged and unstaged by one side, milliseconds.
  struct Run {
    var stage: Double
    var unstage: Double
    var stageSteps: Timeline
    var unstageSteps: Timeline
  }

  private var times: [Side: [Part: Samples]] = [:]
  private var steps: [Part: [(name: String, sides: [Side: Samples])]] = [:]

  mutating func add(_ run: Run, _ side: Side) {
    times[side, default: [:]][.stage, default: Samples()].add(run.stage)
    times[side, default: [:]][.unstage, default: Samples()].add(run.unstage)
    times[side, default: [:]][.both, default: Samples()].add(run.stage + run.unstage)
    for (part, timeline, whole) in [
      (Part.stage, run.stageSteps, run.stage), (.unstage, run.unstageSteps, run.unstage),
    ] {
      for step in timeline.steps { add(step.milliseconds, step.name, part, side) }
      // The call to the driver, its bookkeeping between the steps, their rounding to milliseconds.
      let rest = whole - timeline.steps.reduce(0) { $0 + $1.milliseconds }
      add(rest, "(the rest)", part, side)
    }
  }

  private mutating func add(_ value: Double, _ step: String, _ part: Part, _ side: Side) {
    var rows = steps[part, default: []]
    if !rows.contains(where: { $0.name == step }) { rows.append((step, [:])) }
    for index in rows.indices where rows[index].name == step {
      rows[index].sides[side, default: Samples()].add(value)
    }
    steps[part] = rows
  }

  func samples(_ side: Side, _ part: Part) -> Samples { times[side]?[part] ?? Samples() }

  /// The driver's median over the hand's.
  func ratio(of part: Part) -> Double {
    samples(.driver, part).median / max(samples(.hand, part).median, 0.001)
  }

  /// The ratio of minima is what remains when other work on the machine disturbs the medians.
  func print(_ title: String, runs: Int) {
    Swift.print("\n\(title), \(runs) runs of each side, ms")
    Swift.print(
      "              driver: median     min     max   by hand: median     min     max   ratio  of minima"
    )
    for part in Part.allCases {
      let (driver, hand) = (samples(.driver, part), samples(.hand, part))
      Swift.print(
        Self.padded("  \(part.rawValue)", 14)
          + String(
            format: "%14.0f %7.0f %7.0f %17.0f %7.0f %7.0f %7.2f %10.2f", driver.median,
            driver.minimum,
            driver.maximum, hand.median, hand.minimum, hand.maximum, ratio(of: part),
            driver.minimum / max(hand.minimum, 0.001)))
    }
    for part in [Part.stage, .unstage] {
      Swift.print("  steps of \(part.rawValue), medians      driver  by hand")
      let rows = steps[part] ?? []
      for row in rows.filter({ $0.name != "(the rest)" }) + rows.filter({ $0.name == "(the rest)" })
      {
        Swift.print(
          Self.padded("    \(row.name)", 28) + Self.cell(row.sides[.driver])
            + Self.cell(row.sides[.hand]))
      }
    }
  }

  private static func cell(_ samples: Samples?) -> String {
    guard let samples else { return "        -" }
    return String(format: "%9.0f", samples.median)
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}

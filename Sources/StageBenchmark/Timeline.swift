import Foundation
import Lab

/// The steps of one operation and how long each took, in milliseconds.
struct Timeline {
  var steps: [(name: String, milliseconds: Double)] = []

  /// Does one step and keeps its time.
  @discardableResult
  mutating func step<Result>(_ name: String, _ body: () throws -> Result) rethrows -> Result {
    let start = ContinuousClock.now
    defer { steps.append((name, (ContinuousClock.now - start).milliseconds)) }
    return try body()
  }

  /// The steps of the driver's last `operation` on `volume`, from its log:
  /// `operation=stage steps=record=0ms connect=412ms took=… volume=…`.
  static func logged(_ operation: String, _ volume: String, in log: String) throws -> Timeline {
    let line = log.split(separator: "\n").last {
      $0.contains("operation=\(operation) ") && ($0 + " ").contains(" volume=\(volume) ")
    }
    guard let line, let begin = line.range(of: " steps="),
      let end = line.range(of: " took=", options: .backwards)
    else { throw LabError("the driver's log has no times of \(operation) \(volume)") }
    var timeline = Timeline()
    for step in line[begin.upperBound..<end.lowerBound].split(separator: " ") {
      let parts = step.split(separator: "=")
      guard parts.count == 2, parts[1].hasSuffix("ms"), let took = Double(parts[1].dropLast(2))
      else { throw LabError("the driver's log has a step '\(step)'") }
      timeline.steps.append((String(parts[0]), took))
    }
    return timeline
  }
}

extension Duration {
  var milliseconds: Double {
    Double(components.seconds) * 1_000 + Double(components.attoseconds) / 1e15
  }
}

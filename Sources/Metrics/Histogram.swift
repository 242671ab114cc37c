internal import Synchronization

/// How observed values are spread over fixed buckets.
public final class Histogram: Sendable {
  /// Buckets for durations in seconds, from 1 ms to 2 min.
  public static let secondsBuckets: [Double] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120,
  ]

  /// Upper bounds without the last, +Inf.
  private let bounds: [Double]
  private let state: Mutex<State>

  private struct State {
    /// By bucket, the last being +Inf; not cumulative.
    var counts: [UInt64]
    var sum: Double = 0
  }

  init(bounds: [Double]) {
    self.bounds = bounds
    state = Mutex(State(counts: Array(repeating: 0, count: bounds.count + 1)))
  }

  /// Counts a value. NaN, which would spoil the sum for ever, is ignored.
  public func observe(_ value: Double) {
    guard !value.isNaN else { return }
    let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
    state.withLock { state in
      state.counts[bucket] += 1
      state.sum += value
    }
  }

  /// Counts a duration in seconds.
  public func observe(elapsed duration: Duration) {
    let (seconds, attoseconds) = duration.components
    observe(Double(seconds) + Double(attoseconds) * 1e-18)
  }
}

extension Histogram: WritableSeries {
  func write(_ header: FamilyHeader, _ labelValues: [String], to output: inout Exposition) {
    let state = state.withLock { $0 }
    let labels = header.labels + ["le"]
    var count: UInt64 = 0
    for (bound, ownCount) in zip(bounds + [.infinity], state.counts) {
      count += ownCount
      let le = Exposition.format(bound)
      output.sample(header.name + "_bucket", labels, labelValues + [le], Double(count))
    }
    output.sample(header.name + "_sum", header.labels, labelValues, state.sum)
    output.sample(header.name + "_count", header.labels, labelValues, Double(count))
  }
}

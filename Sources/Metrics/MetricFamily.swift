internal import Synchronization

/// The series of one metric, told apart by the values of its labels.
///
/// A series can be kept by whoever records often: looking it up takes the family's lock and hashes
/// the values, recording to it does neither.
///
/// A family holds a limited number of series, so that no peer's input fills the memory. Label values
/// beyond it get one common series whose values are all `other`; a counter of the registry tells.
public final class MetricFamily<Series: AnyObject & Sendable>: Sendable {
  let header: FamilyHeader
  private let limit: Int
  private let make: @Sendable () -> Series
  private let onOverflow: @Sendable () -> Void
  private let writeSeries: @Sendable (Series, FamilyHeader, [String], inout Exposition) -> Void
  private let series = Mutex<[[String]: Series]>([:])

  init(
    _ header: FamilyHeader, limit: Int, make: @escaping @Sendable () -> Series,
    onOverflow: @escaping @Sendable () -> Void
  ) where Series: WritableSeries {
    self.header = header
    self.limit = limit
    self.make = make
    self.onOverflow = onOverflow
    writeSeries = { $0.write($1, $2, to: &$3) }
  }

  /// The series with these label values, in the order in which the labels were declared.
  public subscript(_ labelValues: String...) -> Series { series(labelValues) }

  /// The series with these label values, in the order in which the labels were declared.
  public func series(_ labelValues: [String]) -> Series {
    checkCount(labelValues)
    let (found, overflows) = series.withLock { series -> (Series, Bool) in
      if let found = series[labelValues] { return (found, false) }
      if series.count < limit { return (insert(labelValues, into: &series), false) }
      let other = Array(repeating: "other", count: header.labels.count)
      return (series[other] ?? insert(other, into: &series), true)
    }
    // Not under the lock: it takes another family's.
    if overflows { onOverflow() }
    return found
  }

  /// Forgets a series, as when what it told about is gone. What is still recorded to it is lost.
  public func remove(_ labelValues: String...) {
    checkCount(labelValues)
    series.withLock { _ = $0.removeValue(forKey: labelValues) }
  }

  private func insert(_ labelValues: [String], into series: inout [[String]: Series]) -> Series {
    let new = make()
    series[labelValues] = new
    return new
  }

  private func checkCount(_ labelValues: [String]) {
    precondition(
      labelValues.count == header.labels.count,
      "\(header.name) has \(header.labels.count) labels, not \(labelValues.count)")
  }
}

extension MetricFamily: AnyFamily {
  func write(to output: inout Exposition) {
    let series = series.withLock { $0 }
    guard !series.isEmpty else { return }
    output.begin(header)
    for (values, series) in series.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      writeSeries(series, header, values, &output)
    }
  }
}

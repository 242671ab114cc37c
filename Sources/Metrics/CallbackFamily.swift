/// One value of a gauge that is asked for at each scrape.
public struct GaugeSample: Hashable, Sendable {
  /// The label values in the order in which the labels were declared.
  public let labelValues: [String]
  /// The value.
  public let value: Double

  /// A value and its labels' values.
  public init(_ labelValues: [String] = [], _ value: Double) {
    self.labelValues = labelValues
    self.value = value
  }
}

/// Gauges whose values are asked for at each scrape.
final class CallbackFamily: AnyFamily {
  let header: FamilyHeader
  let call: SharedCall<[GaugeSample]>
  private let limit: Int
  private let onOverflow: @Sendable (Double) -> Void

  init(
    _ header: FamilyHeader, limit: Int, collect: @escaping @Sendable () async -> [GaugeSample],
    onOverflow: @escaping @Sendable (Double) -> Void
  ) {
    self.header = header
    self.limit = limit
    self.onOverflow = onOverflow
    call = SharedCall(collect)
  }

  /// The samples by label values. Prometheus refuses a whole scrape in which a series comes twice.
  func series(of samples: [GaugeSample]) -> [[String]: Double] {
    var series: [[String]: Double] = [:]
    var dropped = 0
    for sample in samples {
      precondition(
        sample.labelValues.count == header.labels.count,
        "\(header.name) has \(header.labels.count) labels, not \(sample.labelValues.count)")
      if series.count < limit || series[sample.labelValues] != nil {
        series[sample.labelValues] = sample.value
      } else {
        dropped += 1
      }
    }
    if dropped > 0 { onOverflow(Double(dropped)) }
    return series
  }

  func write(_ series: [[String]: Double], to output: inout Exposition) {
    guard !series.isEmpty else { return }
    output.begin(header)
    for (values, value) in series.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      output.sample(header.name, header.labels, values, value)
    }
  }

  /// Nothing without a scrape's answers.
  func write(to output: inout Exposition) {}
}

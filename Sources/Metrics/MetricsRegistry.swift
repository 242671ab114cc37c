internal import Synchronization

/// The metrics of one process part, and their text for Prometheus.
///
/// There is no global registry: who counts is given one. Families are registered once, at start-up;
/// a wrong or duplicate name is a programmer's error and ends the process there.
public final class MetricsRegistry: Sendable {
  /// What bounds a registry.
  public struct Configuration: Sendable {
    /// What the names of the registry's metrics about itself begin with.
    public var ownPrefix = "nvmeof_csi_metrics"
    /// Label sets a family tells apart; what comes beyond is counted together, see `MetricFamily`.
    public var seriesLimit = 1000
    /// How long a scrape waits for all its callbacks together.
    public var callbackDeadline: Duration = .seconds(2)

    /// The defaults.
    public init() {}
  }

  private let configuration: Configuration
  private let state = Mutex(State())
  /// By the metric's name.
  private let droppedSeries: MetricFamily<Counter>
  private let lateCallbacks: MetricFamily<Counter>

  private struct State {
    /// By name.
    var families: [String: any AnyFamily] = [:]
    /// All names that a sample can have, with the suffixes of histograms.
    var sampleNames: Set<String> = []
  }

  /// An empty registry.
  public init(_ configuration: Configuration = Configuration()) {
    precondition(configuration.seriesLimit > 0, "a family needs room for a series")
    self.configuration = configuration
    droppedSeries = MetricFamily(
      FamilyHeader(
        name: "\(configuration.ownPrefix)_dropped_series_total", type: .counter,
        help: "Samples not recorded under their own labels because the metric has too many series.",
        labels: ["metric"]),
      limit: .max, make: Counter.init, onOverflow: {})
    lateCallbacks = MetricFamily(
      FamilyHeader(
        name: "\(configuration.ownPrefix)_late_callbacks_total", type: .counter,
        help: "Times a metric was left out of a scrape because its value was not known in time.",
        labels: ["metric"]),
      limit: .max, make: Counter.init, onOverflow: {})
    register(droppedSeries)
    register(lateCallbacks)
  }

  // MARK: Registration

  /// A counter without labels. By convention its name ends in `_total`.
  public func counter(_ name: String, help: String) -> Counter {
    counters(name, help: help, labels: [])[]
  }

  /// Counters that differ in the values of these labels.
  public func counters(_ name: String, help: String, labels: [String]) -> MetricFamily<Counter> {
    family(
      FamilyHeader(name: name, type: .counter, help: help, labels: labels), make: Counter.init)
  }

  /// A gauge without labels.
  public func gauge(_ name: String, help: String) -> Gauge {
    gauges(name, help: help, labels: [])[]
  }

  /// Gauges that differ in the values of these labels.
  public func gauges(_ name: String, help: String, labels: [String]) -> MetricFamily<Gauge> {
    family(FamilyHeader(name: name, type: .gauge, help: help, labels: labels), make: Gauge.init)
  }

  /// A histogram without labels; see `histograms`.
  public func histogram(
    _ name: String, help: String, buckets: [Double] = Histogram.secondsBuckets
  ) -> Histogram {
    histograms(name, help: help, labels: [], buckets: buckets)[]
  }

  /// Histograms that differ in the values of these labels.
  ///
  /// The buckets are upper bounds, finite and ascending; the bucket `+Inf` is added to them.
  public func histograms(
    _ name: String, help: String, labels: [String], buckets: [Double] = Histogram.secondsBuckets
  ) -> MetricFamily<Histogram> {
    precondition(
      buckets.allSatisfy(\.isFinite) && zip(buckets, buckets.dropFirst()).allSatisfy(<),
      "\(name): buckets are finite and ascending")
    precondition(!labels.contains("le"), "\(name): `le` is the buckets' own label")
    return family(
      FamilyHeader(name: name, type: .histogram, help: help, labels: labels),
      make: { Histogram(bounds: buckets) })
  }

  /// Gauges whose values are asked for at each scrape.
  ///
  /// All callbacks run at the same time and under one deadline. A late one is cancelled, left out of
  /// the scrape and counted; it is not called again before it has returned. It must not block its
  /// thread. Of two samples with the same labels the later is taken; samples beyond the series limit
  /// are left out and counted.
  public func callbackGauges(
    _ name: String, help: String, labels: [String],
    collect: @escaping @Sendable () async -> [GaugeSample]
  ) {
    register(
      CallbackFamily(
        FamilyHeader(name: name, type: .gauge, help: help, labels: labels),
        limit: configuration.seriesLimit, collect: collect,
        onOverflow: { [droppedSeries] in droppedSeries[name].increment(by: $0) }))
  }

  private func family<Series: WritableSeries>(
    _ header: FamilyHeader, make: @escaping @Sendable () -> Series
  ) -> MetricFamily<Series> {
    let family = MetricFamily(
      header, limit: configuration.seriesLimit, make: make,
      onOverflow: { [droppedSeries] in droppedSeries[header.name].increment() })
    register(family)
    return family
  }

  private func register(_ family: some AnyFamily) {
    let header = family.header
    header.validate()
    state.withLock { state in
      for name in header.sampleNames {
        precondition(state.sampleNames.insert(name).inserted, "\(name) is registered already")
      }
      state.families[header.name] = family
    }
  }

  // MARK: Scrape

  /// Everything in Prometheus' text format 0.0.4: families by name, series by label values. A family
  /// without series is left out.
  public func text() async -> String {
    let families = state.withLock { Array($0.families.values) }
    let samples = await collect(families.compactMap { $0 as? CallbackFamily })
    var output = Exposition()
    for family in families.sorted(by: { $0.header.name < $1.header.name }) {
      if let family = family as? CallbackFamily {
        if let samples = samples[family.header.name] { family.write(samples, to: &output) }
      } else {
        family.write(to: &output)
      }
    }
    return output.text
  }

  /// What the callbacks answered in time, by their families' names.
  private func collect(_ families: [CallbackFamily]) async -> [String: [[String]: Double]] {
    let deadline = ContinuousClock.now.advanced(by: configuration.callbackDeadline)
    return await withTaskGroup(of: (String, [GaugeSample]?).self) { group in
      for family in families {
        group.addTask { (family.header.name, await family.call.value(before: deadline)) }
      }
      var series: [String: [[String]: Double]] = [:]
      let byName = Dictionary(families.map { ($0.header.name, $0) }, uniquingKeysWith: { $1 })
      for await (name, samples) in group {
        if let samples, let family = byName[name] {
          series[name] = family.series(of: samples)
        } else {
          lateCallbacks[name].increment()
        }
      }
      return series
    }
  }
}

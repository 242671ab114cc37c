internal import GRPC
internal import Metrics
internal import NVMe
internal import Recovery
internal import Synchronization

/// Every metric family of the node plugin, registered once. All names begin with `nvmeof_csi_`.
final class DriverMetrics: Sendable {
  let registry = MetricsRegistry()
  private let rpcDuration: MetricFamily<Histogram>
  private let rpcsInFlight: MetricFamily<Gauge>
  private let stepDuration: MetricFamily<Histogram>
  private let outages: MetricFamily<Counter>
  private let secondsToHeal: MetricFamily<Histogram>
  private let formatRefusals: MetricFamily<Counter>
  private let forcedTeardowns: MetricFamily<Counter>
  private let methods = Mutex<[String: Method]>([:])

  init() {
    rpcDuration = registry.histograms(
      "nvmeof_csi_rpc_duration_seconds", help: "Time to answer an RPC, by method and gRPC code.",
      labels: ["method", "code"])
    rpcsInFlight = registry.gauges(
      "nvmeof_csi_rpcs_in_flight", help: "RPCs that have not been answered yet.",
      labels: ["method"])
    stepDuration = registry.histograms(
      "nvmeof_csi_step_duration_seconds",
      help: "Time that a step of an operation on a volume took: connect, format, check, mount, …; "
        + "operation recover are the repairs.",
      labels: ["operation", "step", "outcome"])
    outages = registry.counters(
      "nvmeof_csi_outages_total", help: "Times a volume stopped being healthy, by what it became.",
      labels: ["state"])
    secondsToHeal = registry.histograms(
      "nvmeof_csi_outage_duration_seconds",
      help: "Time until a volume was healthy again, by what it was last.", labels: ["state"],
      buckets: [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 900, 3_600, 14_400, 86_400])
    formatRefusals = registry.counters(
      "nvmeof_csi_format_refusals_total",
      help: "Devices that were not formatted, by what was found on them.", labels: ["found"])
    forcedTeardowns = registry.counters(
      "nvmeof_csi_forced_teardowns_total",
      help: "Times NodeUnstageVolume gave a target up: what had not reached it is lost.",
      labels: [])
  }

  /// What every call of one method counts in, looked up once: an RPC may take no longer than a look-up.
  struct Method: Sendable {
    fileprivate let name: String
    fileprivate let inFlight: Gauge
    fileprivate let succeeded: Histogram
  }

  /// An RPC has come. Methods are those of the method table, so there are few.
  func began(_ name: String) -> Method {
    let method = methods.withLock { methods in
      if let method = methods[name] { return method }
      let method = Method(
        name: name, inFlight: rpcsInFlight[name],
        succeeded: rpcDuration[name, "\(StatusCode.ok)"])
      methods[name] = method
      return method
    }
    method.inFlight.add(1)
    return method
  }

  /// An RPC was answered.
  func answered(_ method: Method, _ code: StatusCode, after duration: Duration) {
    method.inFlight.add(-1)
    let series = code == .ok ? method.succeeded : rpcDuration[method.name, "\(code)"]
    series.observe(elapsed: duration)
  }

  /// A step of an operation has ended, well or with this error.
  func took(
    _ operation: String, _ step: String, _ duration: Duration, _ failure: DriverError.Code?
  ) {
    stepDuration[operation, step, failure.map { "\($0)" } ?? "ok"].observe(elapsed: duration)
  }

  /// A volume is not healthy any more.
  func fell(into state: RecoveryState) { outages[state.name].increment() }

  /// A volume is healthy again.
  func healed(from state: RecoveryState, after duration: Duration) {
    secondsToHeal[state.name].observe(elapsed: duration)
  }

  /// A volume's target was given up.
  func gaveUpTarget() { forcedTeardowns[].increment() }

  /// A device was not formatted.
  func refusedToFormat(_ found: String) { formatRefusals[found].increment() }
}

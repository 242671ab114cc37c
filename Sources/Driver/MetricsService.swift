internal import Logging
internal import MetricsEndpoint
internal import ServiceLifecycle

/// Serves the metrics and health checks. A port that is taken costs the metrics, not the volumes.
struct MetricsService: Service {
  let endpoint: MetricsEndpoint
  let logger: Logger

  func run() async throws {
    do {
      try await endpoint.run()
    } catch {
      logger.error(
        "metrics and health checks are not served; choose another --metrics-address",
        metadata: ["reason": "\(error)"])
      // A service that returns would end the plugin.
      await cancelWhenGracefulShutdown {
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(3_600)) }
      }
    }
  }
}

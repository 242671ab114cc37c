internal import CSI
internal import GRPC
internal import Logging

/// Wraps every RPC once: a log line and metrics of method, outcome and time. Requests are never printed whole: they may carry secrets.
struct ObservingInterceptor: Interceptor {
  let logger: Logger
  let metrics: DriverMetrics

  /// Failures are logged at warning; successes at debug, since what an operation did to a volume has
  /// a line of its own.
  init(logger: Logger, metrics: DriverMetrics) {
    self.logger = logger
    self.metrics = metrics
  }

  /// Runs `next` and logs how it went.
  func intercept<Request: Sendable, Response: Sendable>(
    _ request: Request, _ context: ServerContext,
    next: (Request, ServerContext) async throws(RPCError) -> Response
  ) async throws(RPCError) -> Response {
    let start = ContinuousClock.now
    let method = metrics.began(context.method)
    let outcome: Result<Response, RPCError>
    do throws(RPCError) {
      outcome = .success(try await next(request, context))
    } catch {
      outcome = .failure(error)
    }
    let duration = ContinuousClock.now - start
    let took = duration.milliseconds
    switch outcome {
    case .success:
      metrics.answered(method, .ok, after: duration)
      logger.debug(
        "rpc answered", metadata: ["method": "\(context.method)", "ms": "\(took)"])
    case .failure(let error):
      metrics.answered(method, error.code, after: duration)
      logger.warning(
        "rpc failed",
        metadata: [
          "method": "\(context.method)", "ms": "\(took)", "code": "\(error.code)",
          "reason": "\(error.message)",
        ])
    }
    return try outcome.get()
  }
}

internal import CSI
internal import GRPC
internal import Logging

/// One line per RPC: method, outcome, time. Requests are never printed whole: they may carry secrets.
struct LoggingInterceptor: Interceptor {
  let logger: Logger

  /// Failures are logged at warning; successes at debug, since what an operation did to a volume has
  /// a line of its own.
  init(logger: Logger) { self.logger = logger }

  /// Runs `next` and logs how it went.
  func intercept<Request: Sendable, Response: Sendable>(
    _ request: Request, _ context: ServerContext,
    next: (Request, ServerContext) async throws(RPCError) -> Response
  ) async throws(RPCError) -> Response {
    let start = ContinuousClock.now
    let outcome: Result<Response, RPCError>
    do throws(RPCError) {
      outcome = .success(try await next(request, context))
    } catch {
      outcome = .failure(error)
    }
    let took = (ContinuousClock.now - start).milliseconds
    switch outcome {
    case .success:
      logger.debug(
        "rpc answered", metadata: ["method": "\(context.method)", "ms": "\(took)"])
    case .failure(let error):
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

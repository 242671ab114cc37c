internal import Metrics
internal import NIOCore
internal import NIOHTTP1

/// A request that has come in whole.
struct Request: Sendable {
  let method: HTTPMethod
  /// The path, perhaps followed by a query.
  let uri: String
  let channel: any Channel
}

/// What goes back to a peer.
struct Answer: Sendable, Equatable {
  let status: HTTPResponseStatus
  let contentType: String
  let body: String
  /// False for HEAD: the headers tell of the body, which is not sent.
  let sendsBody: Bool
}

/// Knows the answer to every request.
struct Responder: Sendable {
  private let configuration: MetricsEndpoint.Configuration
  private let metrics: SharedCall<String>
  private let healthz: SharedCall<String?>
  private let readyz: SharedCall<String?>

  init(
    _ configuration: MetricsEndpoint.Configuration, metrics: SharedCall<String>,
    healthz: SharedCall<String?>, readyz: SharedCall<String?>
  ) {
    self.configuration = configuration
    self.metrics = metrics
    self.healthz = healthz
    self.readyz = readyz
  }

  func answer(to request: Request) async -> Answer {
    guard request.method == .GET || request.method == .HEAD else {
      return plain(.methodNotAllowed, "only GET and HEAD are allowed", request)
    }
    switch request.uri.prefix(while: { $0 != "?" }) {
    case "/metrics":
      let deadline = ContinuousClock.now.advanced(by: configuration.metricsDeadline)
      guard let text = await metrics.value(before: deadline) else {
        return plain(
          .serviceUnavailable, "no metrics within \(configuration.metricsDeadline)", request)
      }
      return Answer(
        status: .ok, contentType: "text/plain; version=0.0.4; charset=utf-8", body: text,
        sendsBody: request.method == .GET)
    case "/healthz": return await check(healthz, request)
    case "/readyz": return await check(readyz, request)
    default: return plain(.notFound, "there are /metrics, /healthz and /readyz", request)
    }
  }

  private func check(_ check: SharedCall<String?>, _ request: Request) async -> Answer {
    let deadline = ContinuousClock.now.advanced(by: configuration.healthDeadline)
    switch await check.value(before: deadline) {
    case .some(nil): return plain(.ok, "ok", request)
    case .some(let reason?): return plain(.serviceUnavailable, reason, request)
    case nil:
      return plain(
        .serviceUnavailable, "no answer within \(configuration.healthDeadline)", request)
    }
  }

  private func plain(_ status: HTTPResponseStatus, _ line: String, _ request: Request) -> Answer {
    Answer(
      status: status, contentType: "text/plain; charset=utf-8", body: line + "\n",
      sendsBody: request.method != .HEAD)
  }
}

internal import GRPC

extension RPCError {
  /// The one place where a domain error becomes a gRPC status, by the CSI specification's
  /// "Error Scheme" and each RPC's own table.
  init(_ error: DriverError) {
    let status: StatusCode =
      switch error.code {
      case .invalidArgument: .invalidArgument
      case .notFound: .notFound
      case .alreadyExists: .alreadyExists
      case .operationPending, .invalidToken: .aborted
      case .failedPrecondition: .failedPrecondition
      case .deadlineExceeded: .deadlineExceeded
      case .unavailable: .unavailable
      case .unauthenticated: .unauthenticated
      case .resourceExhausted: .resourceExhausted
      case .outOfRange: .outOfRange
      case .unimplemented: .unimplemented
      case .internal: .internal
      }
    self.init(status, Self.line(of: error.message))
  }

  /// Bytes of a message, which the log and the orchestrator's events get as it is.
  private static let lengthLimit = 4096

  /// A message may quote what the caller sent: it is no longer than anybody reads, and is one line of
  /// the log, whatever that was.
  private static func line(of message: String) -> String {
    var line = ""
    var length = 0
    for scalar in message.unicodeScalars {
      length += UTF8.width(scalar)
      guard length <= lengthLimit else { return line + "…" }
      line.unicodeScalars.append(scalar.properties.generalCategory.isControl ? " " : scalar)
    }
    return line
  }
}

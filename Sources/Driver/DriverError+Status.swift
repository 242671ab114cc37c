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
    self.init(status, error.message)
  }
}

/// What went wrong, in the driver's own terms: a code that decides the gRPC status, a message that
/// names the thing and the action, and the error below that caused it, where there is one.
public struct DriverError: Error, Sendable, CustomStringConvertible {
  /// Each code stands for one row of the CSI specification's error tables.
  public enum Code: Hashable, Sendable {
    /// A field is missing or malformed; the message names it.
    case invalidArgument
    /// The volume, or the path it was asked about, is not there.
    case notFound
    /// The volume is staged or published in a way that contradicts the request.
    case alreadyExists
    /// Another operation for this volume is under way ("Operation pending for volume").
    case operationPending
    /// The request asks for more than the volume, or its present state, allows.
    case failedPrecondition
    /// The target, the kernel or a program did not answer in time.
    case deadlineExceeded
    /// The target cannot be reached now; a retry may succeed.
    case unavailable
    /// The target refused the secrets of this node.
    case unauthenticated
    /// A bound of this process is reached; a retry may succeed.
    case resourceExhausted
    /// The size asked for cannot be had.
    case outOfRange
    /// A page token means nothing: the listing has to start over.
    case invalidToken
    /// The backend cannot do it at all, and that is not advertised.
    case unimplemented
    /// Anything else.
    case `internal`
  }

  /// Decides the gRPC status.
  public let code: Code
  /// For people: what was done to what, why it failed, what to do.
  public let message: String
  /// The error of a lower layer.
  public let cause: (any Error)?

  /// An error in the driver's own terms.
  public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }

  /// The message alone: a cause's text is part of it already.
  public var description: String { message }
}

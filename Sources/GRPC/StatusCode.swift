/// How a call ended: the status codes of gRPC, with their numbers on the wire.
///
/// See https://grpc.github.io/grpc/core/md_doc_statuscodes.html
public enum StatusCode: Int32, Hashable, Sendable, CaseIterable {
  case ok = 0
  case cancelled, unknown, invalidArgument, deadlineExceeded, notFound, alreadyExists
  case permissionDenied, resourceExhausted, failedPrecondition, aborted, outOfRange
  case unimplemented, `internal`, unavailable, dataLoss, unauthenticated
}

import GRPC
import NVMe
import Testing

@testable import Driver

@Suite("A domain error")
struct DriverErrorTests {
  static let statuses: [(DriverError.Code, StatusCode, final: Bool)] = [
    (.invalidArgument, .invalidArgument, true),
    (.notFound, .notFound, true),
    (.alreadyExists, .alreadyExists, true),
    (.operationPending, .aborted, false),
    (.failedPrecondition, .failedPrecondition, true),
    (.deadlineExceeded, .deadlineExceeded, false),
    (.unavailable, .unavailable, false),
    (.unauthenticated, .unauthenticated, true),
    (.resourceExhausted, .resourceExhausted, false),
    (.outOfRange, .outOfRange, true),
    (.internal, .internal, true),
  ]

  @Test("becomes one gRPC status, final or not as the kubelet sees it", arguments: statuses.indices)
  func status(index: Int) {
    let (code, status, final) = Self.statuses[index]
    let error = DriverError(code, "connect nqn at 192.0.2.1:4420: connection refused")
    #expect(RPCError(error) == RPCError(status, error.message))
    #expect(error.isFinal == final)
  }

  @Test(
    "keeps what a fabrics error says, with a code that tells whether a retry can help",
    arguments: [
      (FabricsError.Code.refused, DriverError.Code.unavailable), (.unreachable, .unavailable),
      (.silent, .deadlineExceeded), (.timedOut, .deadlineExceeded), (.unknownSubsystem, .notFound),
      (.hostNotAllowed, .failedPrecondition), (.noNVMeCLI, .failedPrecondition),
      (.noKernelModule, .failedPrecondition), (.identityConflict, .failedPrecondition),
      (.authentication, .unauthenticated), (.stillPresent, .internal),
    ])
  func fabrics(code: FabricsError.Code, expected: DriverError.Code) {
    let error = DriverError(translating: FabricsError(code: code, message: "why"))
    #expect(error.code == expected)
    #expect(error.message == "why")
  }
}

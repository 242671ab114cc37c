import CSI
import GRPC
import Glibc
import Testing

/// An implementation of csi.v1.Controller that the conformance suite is run against: how it is served,
/// and what the suite has to know of it to ask it sensible things.
struct Subject: Sendable, CustomTestStringConvertible {
  let name: String
  /// Serves a new, empty instance at the path of a unix socket for as long as `body` runs.
  let serve:
    @Sendable (_ path: String, _ body: @Sendable () async throws -> Void) async throws ->
      Void
  /// Nodes that it knows.
  var nodes = ["node-1", "node-2", "node-3"]
  /// A node that it does not know; nil: it takes any.
  var unknownNode: String? = "no-such-node"
  /// Parameters of a StorageClass that it takes, and which make another volume than none.
  var parameters: [String: String] = [:]
  /// More bytes than it makes a volume of.
  var tooLarge: Int64 = .max

  var testDescription: String { name }

  /// Calls `body` with clients of a new instance.
  func with(_ body: @escaping @Sendable (Session) async throws -> Void) async throws {
    let path = "/tmp/csi-conformance-\(getpid())-\(UInt64.random(in: 0 ... .max)).sock"
    try await serve(path) {
      try await Client.with(.unix(path: path)) { client in
        try await body(
          Session(
            subject: self, identity: IdentityClient(client), controller: ControllerClient(client)))
      }
    }
  }
}

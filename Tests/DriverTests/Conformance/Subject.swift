import CSI
import GRPC
import Glibc
import Testing

/// An implementation of csi.v1.Controller that the conformance suite is run against: how it is served,
/// and what the suite has to know of it to ask it sensible things.
struct Subject: Sendable, CustomTestStringConvertible {
  let name: String
  /// Serves a new, empty instance at the path of a unix socket for as long as `body` runs. Afterwards
  /// looks at what the instance has left, where that can be seen: whatever was asked, its records and
  /// its storage tell the same.
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
  /// From where its volumes can be reached, and from where not.
  var topology = Topology(segments: [:])
  var elsewhere = Topology(segments: [:])

  var testDescription: String { name }

  /// Calls `body` with clients of a new instance.
  func with(_ body: @escaping @Sendable (Session) async throws -> Void) async throws {
    try await Self.withSocket { path in
      try await serve(path) { try await connected(to: path, body) }
    }
  }

  /// Calls `body` with clients of whoever serves at the path of a unix socket.
  func connected(
    to path: String, _ body: @escaping @Sendable (Session) async throws -> Void
  ) async throws {
    try await Client.with(.unix(path: path)) { client in
      try await body(
        Session(
          subject: self, identity: IdentityClient(client), controller: ControllerClient(client)))
    }
  }

  /// Lends the path of a unix socket that nobody else has.
  static func withSocket(_ body: (_ path: String) async throws -> Void) async throws {
    try await body("/tmp/csi-conformance-\(getpid())-\(UInt64.random(in: 0 ... .max)).sock")
  }
}

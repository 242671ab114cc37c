/// Who a node is to a target: host NQN and host ID, always both and always this pair.
///
/// The driver has an identity of its own for each node, made from the node id alone.  So cloned
/// machine images never share one, the controller can name any node's host NQN without asking, and
/// what the driver fences or disconnects is never a connection that somebody else made.
public struct HostIdentity: Hashable, Sendable {
  /// `nqn.2014-08.org.nvmexpress:uuid:<id>`
  public let nqn: NQN
  /// The same UUID.
  public let id: UUID

  /// Frozen: another value would make every node a stranger to its own volumes.
  private static let namespace = UUID("6f1c5bd0-3a86-5c0e-9d0b-52c8f8f6b1a7")

  /// The identity of the node with this id.
  public init(nodeID: String) {
    guard let namespace = Self.namespace else { preconditionFailure("the namespace is a UUID") }
    id = UUID(namespace: namespace, name: nodeID)
    nqn = NQN(wellFormed: "nqn.2014-08.org.nvmexpress:uuid:\(id)")
  }
}

internal import CCSI
internal import ProtobufC

/// csi.v1.TopologyRequirement: where a volume must be reachable from.
public struct TopologyRequirement: Hashable, Sendable {
  /// In one of these at least.
  public var requisite: [Topology]
  /// The best first.
  public var preferred: [Topology]

  /// All of it.
  public init(requisite: [Topology], preferred: [Topology]) {
    self.requisite = requisite
    self.preferred = preferred
  }
}

extension TopologyRequirement: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__topology_requirement__init)

  init(_ wire: Csi__V1__TopologyRequirement) {
    requisite = unsafe readMessages(wire.requisite, wire.n_requisite)
    preferred = unsafe readMessages(wire.preferred, wire.n_preferred)
  }

  func fill(_ wire: inout Csi__V1__TopologyRequirement, in arena: Arena) {
    unsafe (wire.n_requisite, wire.requisite) = arena.array(
      requisite.map { unsafe $0.nested(in: arena) })
    unsafe (wire.n_preferred, wire.preferred) = arena.array(
      preferred.map { unsafe $0.nested(in: arena) })
  }
}

internal import CCSI
internal import ProtobufC

/// csi.v1.NodeGetInfoRequest
public struct NodeGetInfoRequest: Hashable, Sendable {
  /// It has no fields.
  public init() {}
}

extension NodeGetInfoRequest: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__node_get_info_request__init)

  init(_ wire: Csi__V1__NodeGetInfoRequest) {
  }

  func fill(_ wire: inout Csi__V1__NodeGetInfoRequest, in arena: Arena) {
  }
}

/// csi.v1.NodeGetInfoResponse
public struct NodeGetInfoResponse: Hashable, Sendable {
  /// What ControllerPublishVolume will call this node.
  public var nodeID: String
  /// 0: the orchestrator decides.
  public var maxVolumesPerNode: Int64
  /// Where this node is.
  public var accessibleTopology: Topology?

  /// All of it.
  public init(nodeID: String, maxVolumesPerNode: Int64, accessibleTopology: Topology?) {
    self.nodeID = nodeID
    self.maxVolumesPerNode = maxVolumesPerNode
    self.accessibleTopology = accessibleTopology
  }
}

extension NodeGetInfoResponse: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__node_get_info_response__init)

  init(_ wire: Csi__V1__NodeGetInfoResponse) {
    nodeID = unsafe readString(wire.node_id)
    maxVolumesPerNode = unsafe wire.max_volumes_per_node
    accessibleTopology = unsafe wire.accessible_topology.map { unsafe Topology($0.pointee) }
  }

  func fill(_ wire: inout Csi__V1__NodeGetInfoResponse, in arena: Arena) {
    unsafe wire.node_id = arena.string(nodeID)
    unsafe wire.max_volumes_per_node = maxVolumesPerNode
    unsafe wire.accessible_topology = accessibleTopology.map { unsafe $0.nested(in: arena) }
  }
}

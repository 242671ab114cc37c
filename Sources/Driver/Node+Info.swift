internal import CSI
internal import GRPC

extension Node {
  /// NodeGetCapabilities: exactly what is done.
  func getCapabilities(
    _ request: NodeGetCapabilitiesRequest, _ context: ServerContext
  )
    async throws(RPCError) -> NodeGetCapabilitiesResponse
  {
    NodeGetCapabilitiesResponse(capabilities: [
      .stageUnstageVolume, .getVolumeStats, .expandVolume, .volumeCondition, .singleNodeMultiWriter,
    ])
  }

  /// NodeGetInfo: the node's name, from which the controller derives its host NQN.
  func getInfo(
    _ request: NodeGetInfoRequest, _ context: ServerContext
  )
    async throws(RPCError) -> NodeGetInfoResponse
  {
    NodeGetInfoResponse(
      nodeID: configuration.nodeID, maxVolumesPerNode: configuration.maximumVolumes,
      accessibleTopology: configuration.topology.isEmpty
        ? nil : Topology(segments: configuration.topology))
  }
}

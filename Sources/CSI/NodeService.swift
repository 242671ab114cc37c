public import GRPC

/// csi.v1.Node
public protocol NodeService: Sendable {
  /// Makes a volume usable on this node.
  func stageVolume(
    _ request: NodeStageVolumeRequest, _ context: ServerContext
  ) async throws(RPCError) -> NodeStageVolumeResponse
  /// Undoes `stageVolume`.
  func unstageVolume(
    _ request: NodeUnstageVolumeRequest, _ context: ServerContext
  ) async throws(RPCError) -> NodeUnstageVolumeResponse
  /// Gives a staged volume to a pod.
  func publishVolume(
    _ request: NodePublishVolumeRequest, _ context: ServerContext
  ) async throws(RPCError) -> NodePublishVolumeResponse
  /// Undoes `publishVolume`.
  func unpublishVolume(
    _ request: NodeUnpublishVolumeRequest, _ context: ServerContext
  ) async throws(RPCError) -> NodeUnpublishVolumeResponse
  /// How full a volume is and how it is.
  func getVolumeStats(
    _ request: NodeGetVolumeStatsRequest, _ context: ServerContext
  ) async throws(RPCError) -> NodeGetVolumeStatsResponse
  /// Makes the grown volume's size usable.
  func expandVolume(
    _ request: NodeExpandVolumeRequest, _ context: ServerContext
  ) async throws(RPCError) -> NodeExpandVolumeResponse
  /// What the node service can do.
  func getCapabilities(
    _ request: NodeGetCapabilitiesRequest, _ context: ServerContext
  ) async throws(RPCError) -> NodeGetCapabilitiesResponse
  /// Which node this is.
  func getInfo(
    _ request: NodeGetInfoRequest, _ context: ServerContext
  ) async throws(RPCError) -> NodeGetInfoResponse
}

/// The method table of csi.v1.Node.
public func nodeMethods(
  _ service: any NodeService, interceptor: any Interceptor
) -> [GRPC.Method] {
  unsafe [
    GRPC.Method("/csi.v1.Node/NodeStageVolume", interceptor) {
      (
        request: NodeStageVolumeRequest, context
      ) async throws(RPCError) -> NodeStageVolumeResponse
      in
      try await service.stageVolume(request, context)
    },
    unsafe GRPC.Method("/csi.v1.Node/NodeUnstageVolume", interceptor) {
      (
        request: NodeUnstageVolumeRequest, context
      ) async throws(RPCError) -> NodeUnstageVolumeResponse in
      try await service.unstageVolume(request, context)
    },
    unsafe GRPC.Method("/csi.v1.Node/NodePublishVolume", interceptor) {
      (
        request: NodePublishVolumeRequest, context
      ) async throws(RPCError) -> NodePublishVolumeResponse in
      try await service.publishVolume(request, context)
    },
    unsafe GRPC.Method("/csi.v1.Node/NodeUnpublishVolume", interceptor) {
      (
        request: NodeUnpublishVolumeRequest, context
      ) async throws(RPCError) -> NodeUnpublishVolumeResponse in
      try await service.unpublishVolume(request, context)
    },
    unsafe GRPC.Method("/csi.v1.Node/NodeGetVolumeStats", interceptor) {
      (
        request: NodeGetVolumeStatsRequest, context
      ) async throws(RPCError) -> NodeGetVolumeStatsResponse in
      try await service.getVolumeStats(request, context)
    },
    unsafe GRPC.Method("/csi.v1.Node/NodeExpandVolume", interceptor) {
      (
        request: NodeExpandVolumeRequest, context
      ) async throws(RPCError) -> NodeExpandVolumeResponse
      in
      try await service.expandVolume(request, context)
    },
    unsafe GRPC.Method("/csi.v1.Node/NodeGetCapabilities", interceptor, runsImmediately: true) {
      (
        request: NodeGetCapabilitiesRequest, context
      ) async throws(RPCError) -> NodeGetCapabilitiesResponse in
      try await service.getCapabilities(request, context)
    },
    unsafe GRPC.Method("/csi.v1.Node/NodeGetInfo", interceptor, runsImmediately: true) {
      (request: NodeGetInfoRequest, context) async throws(RPCError) -> NodeGetInfoResponse in
      try await service.getInfo(request, context)
    },
  ]
}

public import GRPC

/// A client of csi.v1.Node.
public struct NodeClient: Sendable {
  private let client: Client

  /// Calls over this client.
  public init(_ client: Client) { self.client = client }

  /// Makes a volume usable on this node.
  public func stageVolume(
    _ request: NodeStageVolumeRequest, deadline: ContinuousClock.Instant? = nil
  ) async throws(RPCError) -> NodeStageVolumeResponse {
    unsafe try await client.call("/csi.v1.Node/NodeStageVolume", request, deadline: deadline)
  }

  /// Undoes `stageVolume`.
  public func unstageVolume(
    _ request: NodeUnstageVolumeRequest, deadline: ContinuousClock.Instant? = nil
  ) async throws(RPCError) -> NodeUnstageVolumeResponse {
    unsafe try await client.call("/csi.v1.Node/NodeUnstageVolume", request, deadline: deadline)
  }

  /// Gives a staged volume to a pod.
  public func publishVolume(
    _ request: NodePublishVolumeRequest, deadline: ContinuousClock.Instant? = nil
  ) async throws(RPCError) -> NodePublishVolumeResponse {
    unsafe try await client.call("/csi.v1.Node/NodePublishVolume", request, deadline: deadline)
  }

  /// Undoes `publishVolume`.
  public func unpublishVolume(
    _ request: NodeUnpublishVolumeRequest, deadline: ContinuousClock.Instant? = nil
  ) async throws(RPCError) -> NodeUnpublishVolumeResponse {
    unsafe try await client.call("/csi.v1.Node/NodeUnpublishVolume", request, deadline: deadline)
  }

  /// How full a volume is and how it is.
  public func getVolumeStats(
    _ request: NodeGetVolumeStatsRequest, deadline: ContinuousClock.Instant? = nil
  ) async throws(RPCError) -> NodeGetVolumeStatsResponse {
    unsafe try await client.call("/csi.v1.Node/NodeGetVolumeStats", request, deadline: deadline)
  }

  /// Makes the grown volume's size usable.
  public func expandVolume(
    _ request: NodeExpandVolumeRequest, deadline: ContinuousClock.Instant? = nil
  ) async throws(RPCError) -> NodeExpandVolumeResponse {
    unsafe try await client.call("/csi.v1.Node/NodeExpandVolume", request, deadline: deadline)
  }

  /// What the node service can do.
  public func getCapabilities(
    _ request: NodeGetCapabilitiesRequest = NodeGetCapabilitiesRequest(),
    deadline: ContinuousClock.Instant? = nil
  ) async throws(RPCError) -> NodeGetCapabilitiesResponse {
    unsafe try await client.call("/csi.v1.Node/NodeGetCapabilities", request, deadline: deadline)
  }

  /// Which node this is.
  public func getInfo(
    _ request: NodeGetInfoRequest = NodeGetInfoRequest(), deadline: ContinuousClock.Instant? = nil
  ) async throws(RPCError) -> NodeGetInfoResponse {
    unsafe try await client.call("/csi.v1.Node/NodeGetInfo", request, deadline: deadline)
  }
}

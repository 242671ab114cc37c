import GRPC
import ProtobufC
import Synchronization

@testable import CSI

/// Answers every method with the golden response and keeps the request's bytes.
final class GoldenService: IdentityService, NodeService {
  let requests = Mutex<[String: [UInt8]]>([:])

  func keep(_ context: ServerContext, _ bytes: [UInt8]) {
    requests.withLock { $0[context.method] = bytes }
  }

  func getPluginInfo(
    _ request: GetPluginInfoRequest, _ context: ServerContext
  )
    async throws(RPCError) -> GetPluginInfoResponse
  {
    unsafe keep(context, request.encoded().bytes)
    return GoldenMessages.pluginInfo
  }
  func getPluginCapabilities(
    _ request: GetPluginCapabilitiesRequest, _ context: ServerContext
  )
    async throws(RPCError) -> GetPluginCapabilitiesResponse
  {
    unsafe keep(context, request.encoded().bytes)
    return GoldenMessages.pluginCapabilities
  }
  func probe(
    _ request: ProbeRequest, _ context: ServerContext
  )
    async throws(RPCError) -> ProbeResponse
  {
    unsafe keep(context, request.encoded().bytes)
    return ProbeResponse(ready: true)
  }
  func stageVolume(
    _ request: NodeStageVolumeRequest, _ context: ServerContext
  )
    async throws(RPCError) -> NodeStageVolumeResponse
  {
    unsafe keep(context, request.encoded().bytes)
    return NodeStageVolumeResponse()
  }
  func unstageVolume(
    _ request: NodeUnstageVolumeRequest, _ context: ServerContext
  )
    async throws(RPCError) -> NodeUnstageVolumeResponse
  {
    unsafe keep(context, request.encoded().bytes)
    throw RPCError(.failedPrecondition, "unstage: still published")
  }
  func publishVolume(
    _ request: NodePublishVolumeRequest, _ context: ServerContext
  )
    async throws(RPCError) -> NodePublishVolumeResponse
  {
    unsafe keep(context, request.encoded().bytes)
    return NodePublishVolumeResponse()
  }
  func unpublishVolume(
    _ request: NodeUnpublishVolumeRequest, _ context: ServerContext
  )
    async throws(RPCError) -> NodeUnpublishVolumeResponse
  {
    unsafe keep(context, request.encoded().bytes)
    return NodeUnpublishVolumeResponse()
  }
  func getVolumeStats(
    _ request: NodeGetVolumeStatsRequest, _ context: ServerContext
  )
    async throws(RPCError) -> NodeGetVolumeStatsResponse
  {
    unsafe keep(context, request.encoded().bytes)
    return GoldenMessages.volumeStats
  }
  func expandVolume(
    _ request: NodeExpandVolumeRequest, _ context: ServerContext
  )
    async throws(RPCError) -> NodeExpandVolumeResponse
  {
    unsafe keep(context, request.encoded().bytes)
    return NodeExpandVolumeResponse(capacityBytes: 107_374_182_400)
  }
  func getCapabilities(
    _ request: NodeGetCapabilitiesRequest, _ context: ServerContext
  )
    async throws(RPCError) -> NodeGetCapabilitiesResponse
  {
    unsafe keep(context, request.encoded().bytes)
    return GoldenMessages.nodeCapabilities
  }
  func getInfo(
    _ request: NodeGetInfoRequest, _ context: ServerContext
  )
    async throws(RPCError) -> NodeGetInfoResponse
  {
    unsafe keep(context, request.encoded().bytes)
    return GoldenMessages.nodeInfo
  }
}

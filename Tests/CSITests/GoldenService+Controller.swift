import GRPC
import ProtobufC

@testable import CSI

extension GoldenService: ControllerService {
  func createVolume(
    _ request: CreateVolumeRequest, _ context: ServerContext
  ) async throws(RPCError) -> CreateVolumeResponse {
    unsafe keep(context, request.encoded().bytes)
    return CreateVolumeResponse(volume: GoldenMessages.volume)
  }
  func deleteVolume(
    _ request: DeleteVolumeRequest, _ context: ServerContext
  ) async throws(RPCError) -> DeleteVolumeResponse {
    unsafe keep(context, request.encoded().bytes)
    return DeleteVolumeResponse()
  }
  func publishVolume(
    _ request: ControllerPublishVolumeRequest, _ context: ServerContext
  ) async throws(RPCError) -> ControllerPublishVolumeResponse {
    unsafe keep(context, request.encoded().bytes)
    return ControllerPublishVolumeResponse(publishContext: ["attachment": "7"])
  }
  func unpublishVolume(
    _ request: ControllerUnpublishVolumeRequest, _ context: ServerContext
  ) async throws(RPCError) -> ControllerUnpublishVolumeResponse {
    unsafe keep(context, request.encoded().bytes)
    return ControllerUnpublishVolumeResponse()
  }
  func validateVolumeCapabilities(
    _ request: ValidateVolumeCapabilitiesRequest, _ context: ServerContext
  ) async throws(RPCError) -> ValidateVolumeCapabilitiesResponse {
    unsafe keep(context, request.encoded().bytes)
    return GoldenMessages.validated
  }
  func listVolumes(
    _ request: ListVolumesRequest, _ context: ServerContext
  ) async throws(RPCError) -> ListVolumesResponse {
    unsafe keep(context, request.encoded().bytes)
    return GoldenMessages.volumes
  }
  func getCapacity(
    _ request: GetCapacityRequest, _ context: ServerContext
  ) async throws(RPCError) -> GetCapacityResponse {
    unsafe keep(context, request.encoded().bytes)
    return GoldenMessages.capacity
  }
  func getCapabilities(
    _ request: ControllerGetCapabilitiesRequest, _ context: ServerContext
  ) async throws(RPCError) -> ControllerGetCapabilitiesResponse {
    unsafe keep(context, request.encoded().bytes)
    return GoldenMessages.controllerCapabilities
  }
  func createSnapshot(
    _ request: CreateSnapshotRequest, _ context: ServerContext
  ) async throws(RPCError) -> CreateSnapshotResponse {
    unsafe keep(context, request.encoded().bytes)
    return CreateSnapshotResponse(snapshot: GoldenMessages.snapshot)
  }
  func deleteSnapshot(
    _ request: DeleteSnapshotRequest, _ context: ServerContext
  ) async throws(RPCError) -> DeleteSnapshotResponse {
    unsafe keep(context, request.encoded().bytes)
    return DeleteSnapshotResponse()
  }
  func listSnapshots(
    _ request: ListSnapshotsRequest, _ context: ServerContext
  ) async throws(RPCError) -> ListSnapshotsResponse {
    unsafe keep(context, request.encoded().bytes)
    return GoldenMessages.snapshots
  }
  func getSnapshot(
    _ request: GetSnapshotRequest, _ context: ServerContext
  ) async throws(RPCError) -> GetSnapshotResponse {
    unsafe keep(context, request.encoded().bytes)
    return GetSnapshotResponse(snapshot: GoldenMessages.snapshot)
  }
  func expandVolume(
    _ request: ControllerExpandVolumeRequest, _ context: ServerContext
  ) async throws(RPCError) -> ControllerExpandVolumeResponse {
    unsafe keep(context, request.encoded().bytes)
    return GoldenMessages.expanded
  }
  func getVolume(
    _ request: ControllerGetVolumeRequest, _ context: ServerContext
  ) async throws(RPCError) -> ControllerGetVolumeResponse {
    unsafe keep(context, request.encoded().bytes)
    return ControllerGetVolumeResponse(
      volume: GoldenMessages.volume, status: GoldenMessages.status)
  }
  func modifyVolume(
    _ request: ControllerModifyVolumeRequest, _ context: ServerContext
  ) async throws(RPCError) -> ControllerModifyVolumeResponse {
    unsafe keep(context, request.encoded().bytes)
    return ControllerModifyVolumeResponse()
  }
}

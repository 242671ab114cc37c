public import GRPC

/// csi.v1.Controller
public protocol ControllerService: Sendable {
  /// Makes a volume.
  func createVolume(
    _ request: CreateVolumeRequest, _ context: ServerContext
  ) async throws(RPCError) -> CreateVolumeResponse
  /// Removes a volume.
  func deleteVolume(
    _ request: DeleteVolumeRequest, _ context: ServerContext
  ) async throws(RPCError) -> DeleteVolumeResponse
  /// Lets a node reach a volume.
  func publishVolume(
    _ request: ControllerPublishVolumeRequest, _ context: ServerContext
  ) async throws(RPCError) -> ControllerPublishVolumeResponse
  /// Undoes `publishVolume`.
  func unpublishVolume(
    _ request: ControllerUnpublishVolumeRequest, _ context: ServerContext
  ) async throws(RPCError) -> ControllerUnpublishVolumeResponse
  /// Whether a volume can be accessed in some ways.
  func validateVolumeCapabilities(
    _ request: ValidateVolumeCapabilitiesRequest, _ context: ServerContext
  ) async throws(RPCError) -> ValidateVolumeCapabilitiesResponse
  /// All volumes, a page at a time.
  func listVolumes(
    _ request: ListVolumesRequest, _ context: ServerContext
  ) async throws(RPCError) -> ListVolumesResponse
  /// How much there is to give.
  func getCapacity(
    _ request: GetCapacityRequest, _ context: ServerContext
  ) async throws(RPCError) -> GetCapacityResponse
  /// What the controller service can do.
  func getCapabilities(
    _ request: ControllerGetCapabilitiesRequest, _ context: ServerContext
  ) async throws(RPCError) -> ControllerGetCapabilitiesResponse
  /// Keeps what a volume holds now.
  func createSnapshot(
    _ request: CreateSnapshotRequest, _ context: ServerContext
  ) async throws(RPCError) -> CreateSnapshotResponse
  /// Removes a snapshot.
  func deleteSnapshot(
    _ request: DeleteSnapshotRequest, _ context: ServerContext
  ) async throws(RPCError) -> DeleteSnapshotResponse
  /// All snapshots, a page at a time.
  func listSnapshots(
    _ request: ListSnapshotsRequest, _ context: ServerContext
  ) async throws(RPCError) -> ListSnapshotsResponse
  /// A snapshot as it is now.
  func getSnapshot(
    _ request: GetSnapshotRequest, _ context: ServerContext
  ) async throws(RPCError) -> GetSnapshotResponse
  /// Makes a volume larger.
  func expandVolume(
    _ request: ControllerExpandVolumeRequest, _ context: ServerContext
  ) async throws(RPCError) -> ControllerExpandVolumeResponse
  /// A volume as it is now.
  func getVolume(
    _ request: ControllerGetVolumeRequest, _ context: ServerContext
  ) async throws(RPCError) -> ControllerGetVolumeResponse
  /// Changes a volume's mutable parameters.
  func modifyVolume(
    _ request: ControllerModifyVolumeRequest, _ context: ServerContext
  ) async throws(RPCError) -> ControllerModifyVolumeResponse
}

/// The method table of csi.v1.Controller.
public func controllerMethods(
  _ service: any ControllerService, interceptor: any Interceptor
) -> [GRPC.Method] {
  unsafe [
    GRPC.Method("/csi.v1.Controller/CreateVolume", interceptor) {
      (
        request: CreateVolumeRequest, context
      ) async throws(RPCError) -> CreateVolumeResponse in
      try await service.createVolume(request, context)
    },
    unsafe GRPC.Method("/csi.v1.Controller/DeleteVolume", interceptor) {
      (
        request: DeleteVolumeRequest, context
      ) async throws(RPCError) -> DeleteVolumeResponse in
      try await service.deleteVolume(request, context)
    },
    unsafe GRPC.Method("/csi.v1.Controller/ControllerPublishVolume", interceptor) {
      (
        request: ControllerPublishVolumeRequest, context
      ) async throws(RPCError) -> ControllerPublishVolumeResponse in
      try await service.publishVolume(request, context)
    },
    unsafe GRPC.Method("/csi.v1.Controller/ControllerUnpublishVolume", interceptor) {
      (
        request: ControllerUnpublishVolumeRequest, context
      ) async throws(RPCError) -> ControllerUnpublishVolumeResponse in
      try await service.unpublishVolume(request, context)
    },
    unsafe GRPC.Method("/csi.v1.Controller/ValidateVolumeCapabilities", interceptor) {
      (
        request: ValidateVolumeCapabilitiesRequest, context
      ) async throws(RPCError) -> ValidateVolumeCapabilitiesResponse in
      try await service.validateVolumeCapabilities(request, context)
    },
    unsafe GRPC.Method("/csi.v1.Controller/ListVolumes", interceptor) {
      (
        request: ListVolumesRequest, context
      ) async throws(RPCError) -> ListVolumesResponse in
      try await service.listVolumes(request, context)
    },
    unsafe GRPC.Method("/csi.v1.Controller/GetCapacity", interceptor) {
      (
        request: GetCapacityRequest, context
      ) async throws(RPCError) -> GetCapacityResponse in
      try await service.getCapacity(request, context)
    },
    unsafe GRPC.Method(
      "/csi.v1.Controller/ControllerGetCapabilities", interceptor, runsImmediately: true
    ) {
      (
        request: ControllerGetCapabilitiesRequest, context
      ) async throws(RPCError) -> ControllerGetCapabilitiesResponse in
      try await service.getCapabilities(request, context)
    },
    unsafe GRPC.Method("/csi.v1.Controller/CreateSnapshot", interceptor) {
      (
        request: CreateSnapshotRequest, context
      ) async throws(RPCError) -> CreateSnapshotResponse in
      try await service.createSnapshot(request, context)
    },
    unsafe GRPC.Method("/csi.v1.Controller/DeleteSnapshot", interceptor) {
      (
        request: DeleteSnapshotRequest, context
      ) async throws(RPCError) -> DeleteSnapshotResponse in
      try await service.deleteSnapshot(request, context)
    },
    unsafe GRPC.Method("/csi.v1.Controller/ListSnapshots", interceptor) {
      (
        request: ListSnapshotsRequest, context
      ) async throws(RPCError) -> ListSnapshotsResponse in
      try await service.listSnapshots(request, context)
    },
    unsafe GRPC.Method("/csi.v1.Controller/GetSnapshot", interceptor) {
      (
        request: GetSnapshotRequest, context
      ) async throws(RPCError) -> GetSnapshotResponse in
      try await service.getSnapshot(request, context)
    },
    unsafe GRPC.Method("/csi.v1.Controller/ControllerExpandVolume", interceptor) {
      (
        request: ControllerExpandVolumeRequest, context
      ) async throws(RPCError) -> ControllerExpandVolumeResponse in
      try await service.expandVolume(request, context)
    },
    unsafe GRPC.Method("/csi.v1.Controller/ControllerGetVolume", interceptor) {
      (
        request: ControllerGetVolumeRequest, context
      ) async throws(RPCError) -> ControllerGetVolumeResponse in
      try await service.getVolume(request, context)
    },
    unsafe GRPC.Method("/csi.v1.Controller/ControllerModifyVolume", interceptor) {
      (
        request: ControllerModifyVolumeRequest, context
      ) async throws(RPCError) -> ControllerModifyVolumeResponse in
      try await service.modifyVolume(request, context)
    },
  ]
}

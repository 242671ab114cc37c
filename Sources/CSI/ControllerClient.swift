public import GRPC

/// A client of csi.v1.Controller.
public struct ControllerClient: Sendable {
  private let client: Client

  /// Calls over this client.
  public init(_ client: Client) { self.client = client }

  /// Makes a volume.
  public func createVolume(
    _ request: CreateVolumeRequest, deadline: ContinuousClock.Instant? = nil
  ) async throws(RPCError) -> CreateVolumeResponse {
    unsafe try await client.call("/csi.v1.Controller/CreateVolume", request, deadline: deadline)
  }

  /// Removes a volume.
  public func deleteVolume(
    _ request: DeleteVolumeRequest, deadline: ContinuousClock.Instant? = nil
  ) async throws(RPCError) -> DeleteVolumeResponse {
    unsafe try await client.call("/csi.v1.Controller/DeleteVolume", request, deadline: deadline)
  }

  /// Lets a node reach a volume.
  public func publishVolume(
    _ request: ControllerPublishVolumeRequest, deadline: ContinuousClock.Instant? = nil
  ) async throws(RPCError) -> ControllerPublishVolumeResponse {
    unsafe try await client.call(
      "/csi.v1.Controller/ControllerPublishVolume", request, deadline: deadline)
  }

  /// Undoes `publishVolume`.
  public func unpublishVolume(
    _ request: ControllerUnpublishVolumeRequest, deadline: ContinuousClock.Instant? = nil
  ) async throws(RPCError) -> ControllerUnpublishVolumeResponse {
    unsafe try await client.call(
      "/csi.v1.Controller/ControllerUnpublishVolume", request, deadline: deadline)
  }

  /// Whether a volume can be accessed in some ways.
  public func validateVolumeCapabilities(
    _ request: ValidateVolumeCapabilitiesRequest, deadline: ContinuousClock.Instant? = nil
  ) async throws(RPCError) -> ValidateVolumeCapabilitiesResponse {
    unsafe try await client.call(
      "/csi.v1.Controller/ValidateVolumeCapabilities", request, deadline: deadline)
  }

  /// All volumes, a page at a time.
  public func listVolumes(
    _ request: ListVolumesRequest = ListVolumesRequest(), deadline: ContinuousClock.Instant? = nil
  ) async throws(RPCError) -> ListVolumesResponse {
    unsafe try await client.call("/csi.v1.Controller/ListVolumes", request, deadline: deadline)
  }

  /// How much there is to give.
  public func getCapacity(
    _ request: GetCapacityRequest = GetCapacityRequest(), deadline: ContinuousClock.Instant? = nil
  ) async throws(RPCError) -> GetCapacityResponse {
    unsafe try await client.call("/csi.v1.Controller/GetCapacity", request, deadline: deadline)
  }

  /// What the controller service can do.
  public func getCapabilities(
    _ request: ControllerGetCapabilitiesRequest = ControllerGetCapabilitiesRequest(),
    deadline: ContinuousClock.Instant? = nil
  ) async throws(RPCError) -> ControllerGetCapabilitiesResponse {
    unsafe try await client.call(
      "/csi.v1.Controller/ControllerGetCapabilities", request, deadline: deadline)
  }

  /// Keeps what a volume holds now.
  public func createSnapshot(
    _ request: CreateSnapshotRequest, deadline: ContinuousClock.Instant? = nil
  ) async throws(RPCError) -> CreateSnapshotResponse {
    unsafe try await client.call("/csi.v1.Controller/CreateSnapshot", request, deadline: deadline)
  }

  /// Removes a snapshot.
  public func deleteSnapshot(
    _ request: DeleteSnapshotRequest, deadline: ContinuousClock.Instant? = nil
  ) async throws(RPCError) -> DeleteSnapshotResponse {
    unsafe try await client.call("/csi.v1.Controller/DeleteSnapshot", request, deadline: deadline)
  }

  /// All snapshots, a page at a time.
  public func listSnapshots(
    _ request: ListSnapshotsRequest = ListSnapshotsRequest(),
    deadline: ContinuousClock.Instant? = nil
  ) async throws(RPCError) -> ListSnapshotsResponse {
    unsafe try await client.call("/csi.v1.Controller/ListSnapshots", request, deadline: deadline)
  }

  /// A snapshot as it is now.
  public func getSnapshot(
    _ request: GetSnapshotRequest, deadline: ContinuousClock.Instant? = nil
  ) async throws(RPCError) -> GetSnapshotResponse {
    unsafe try await client.call("/csi.v1.Controller/GetSnapshot", request, deadline: deadline)
  }

  /// Makes a volume larger.
  public func expandVolume(
    _ request: ControllerExpandVolumeRequest, deadline: ContinuousClock.Instant? = nil
  ) async throws(RPCError) -> ControllerExpandVolumeResponse {
    unsafe try await client.call(
      "/csi.v1.Controller/ControllerExpandVolume", request, deadline: deadline)
  }

  /// A volume as it is now.
  public func getVolume(
    _ request: ControllerGetVolumeRequest, deadline: ContinuousClock.Instant? = nil
  ) async throws(RPCError) -> ControllerGetVolumeResponse {
    unsafe try await client.call(
      "/csi.v1.Controller/ControllerGetVolume", request, deadline: deadline)
  }

  /// Changes a volume's mutable parameters.
  public func modifyVolume(
    _ request: ControllerModifyVolumeRequest, deadline: ContinuousClock.Instant? = nil
  ) async throws(RPCError) -> ControllerModifyVolumeResponse {
    unsafe try await client.call(
      "/csi.v1.Controller/ControllerModifyVolume", request, deadline: deadline)
  }
}

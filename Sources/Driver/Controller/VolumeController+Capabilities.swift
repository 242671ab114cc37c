internal import Backends
internal import CSI
internal import GRPC

extension VolumeController {
  /// ControllerGetCapabilities: exactly what the backend can do, and what needs no backend.
  func getCapabilities(
    _ request: ControllerGetCapabilitiesRequest, _ context: ServerContext
  )
    async throws(RPCError) -> ControllerGetCapabilitiesResponse
  {
    // Not PUBLISH_READONLY: no target refuses one host's writes.
    var capabilities: [ControllerCapability] = [.publishUnpublishVolume, .singleNodeMultiWriter]
    for (offered, advertised) in Self.advertised where backend.capabilities.contains(offered) {
      capabilities += advertised
    }
    return ControllerGetCapabilitiesResponse(capabilities: capabilities)
  }

  private static let advertised: [(BackendCapability, [ControllerCapability])] = [
    (.volumes, [.createDeleteVolume]),
    (.listing, [.listVolumes, .listVolumesPublishedNodes, .volumeCondition, .getVolume]),
    (.capacity, [.getCapacity]),
    (.snapshots, [.createDeleteSnapshot, .listSnapshots, .getSnapshot]),
    (.clones, [.cloneVolume]),
    (.expansion, [.expandVolume]),
  ]

  /// ControllerModifyVolume is not advertised: nothing of a volume can be changed after it was made.
  func modifyVolume(
    _ request: ControllerModifyVolumeRequest, _ context: ServerContext
  )
    async throws(RPCError) -> ControllerModifyVolumeResponse
  {
    throw RPCError(
      DriverError(
        .unimplemented,
        "ControllerModifyVolume: nothing of a volume can be changed after it was made"))
  }
}

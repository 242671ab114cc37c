internal import Backends
internal import CSI
internal import GRPC

extension VolumeController {
  /// GetCapacity: nothing for what no volume can be, and for places from where none can be reached.
  func getCapacity(
    _ request: GetCapacityRequest, _ context: ServerContext
  )
    async throws(RPCError) -> GetCapacityResponse
  {
    try await answering { () throws(DriverError) in
      try require(.capacity, for: "GetCapacity")
      let (connection, parameters) = try VolumeRecord.Request.split(request.parameters)
      try VolumeRecord.Request.check(transport: connection["transport"], of: backend)
      do throws(BackendError) { try backend.check(parameters: parameters) } catch {
        throw DriverError(error)
      }
      try SizeLimits.check(request.volumeCapabilities)
      try readiness.check()
      let isPossible = request.volumeCapabilities.allSatisfy { (try? VolumeAccess($0)) != nil }
      guard isPossible, request.accessibleTopology.map(reaches) ?? true else {
        return GetCapacityResponse(
          availableCapacity: 0, maximumVolumeSize: nil, minimumVolumeSize: nil)
      }
      let capacity = try await translating { () async throws(BackendError) in
        try await backend.capacity(deadline: context.answerDeadline)
      }
      return GetCapacityResponse(
        availableCapacity: max(0, capacity.available),
        maximumVolumeSize: capacity.largestVolume.map { max(0, $0) },
        minimumVolumeSize: backend.size(holding: 1))
    }
  }

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

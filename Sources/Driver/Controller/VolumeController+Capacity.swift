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
}

internal import Backends
internal import CSI
internal import GRPC
internal import Logging

extension VolumeController {
  /// ListVolumes: the volumes that are given out, with their nodes and condition.
  func listVolumes(
    _ request: ListVolumesRequest, _ context: ServerContext
  )
    async throws(RPCError) -> ListVolumesResponse
  {
    try await answering { () throws(DriverError) in
      try require(.listing, for: "ListVolumes")
      try readiness.check()
      guard makesVolumes else {
        return try await listForeign(request, deadline: context.answerDeadline)
      }
      let page = try await Page(
        of: volumes, limit: request.maxEntries, token: request.startingToken,
        where: { $0.phase == .ready }, reportingBroken: reportBroken)
      let found = try await translating { () async throws(BackendError) in
        try await backend.volumes(page.entries.map(\.id), deadline: context.answerDeadline)
      }
      return ListVolumesResponse(
        entries: page.entries.map { record in
          .init(volume: volume(of: record), status: status(of: record, found[record.id]))
        }, nextToken: page.nextToken)
    }
  }

  /// ControllerGetVolume
  func getVolume(
    _ request: ControllerGetVolumeRequest, _ context: ServerContext
  )
    async throws(RPCError) -> ControllerGetVolumeResponse
  {
    try await answering { () throws(DriverError) in
      try require(.listing, for: "ControllerGetVolume")
      guard let id = try volumeID(request.volumeID) else {
        throw DriverError(.notFound, "volume \(request.volumeID) does not exist")
      }
      try readiness.check()
      let record = try await readyVolume(
        id, called: request.volumeID, context: [:], deadline: context.answerDeadline
      ).record
      let found = try await translating { () async throws(BackendError) in
        try await backend.volumes([id], deadline: context.answerDeadline)
      }
      return ControllerGetVolumeResponse(
        volume: volume(of: record), status: status(of: record, found[id]))
    }
  }

  /// A record that cannot be read, ours or the storage's, keeps the others from nothing.
  func reportBroken(_ id: ObjectID, _ error: DriverError) {
    logger.error(
      "a record cannot be read; its object is left as it is",
      metadata: ["object": "\(id)", "reason": "\(error.message)"])
  }
}

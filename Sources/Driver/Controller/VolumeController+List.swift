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
      var entries: [ListVolumesResponse.Entry] = []
      for record in page.entries {
        do throws(DriverError) {
          guard
            let told = try await told(
              record, found[record.id], deadline: context.answerDeadline)
          else { continue }
          entries.append(.init(volume: told.volume, status: told.status))
        } catch {
          reportBroken(record.id, error)
        }
      }
      return ListVolumesResponse(entries: entries, nextToken: page.nextToken)
    }
  }

  /// A volume as it is told; nil when it was deleted meanwhile.
  ///
  /// First records are read and then the storage, of many volumes at a time. Where the two differ, the
  /// volume may have been published, unpublished or deleted in between, which is no fault of it: it is
  /// looked at once more, and not held against it while somebody works on it.
  private func told(
    _ record: VolumeRecord, _ found: Result<BackendVolume, BackendError>?,
    deadline: ContinuousClock.Instant
  ) async throws(DriverError) -> (volume: Volume, status: VolumeStatus)? {
    let id = record.id
    guard makesVolumes, differs(record, found) else {
      return (volume(of: record), status(of: record, found))
    }
    let wasBusy = work.isBusy(VolumeID(id))
    guard let current = try await volumes.record(of: id)?.record, current.phase == .ready else {
      return nil
    }
    let again = try await translating { () async throws(BackendError) in
      try await backend.volumes([id], deadline: deadline)
    }
    var status = status(of: current, again[id])
    if differs(current, again[id]), wasBusy || work.isBusy(VolumeID(id)) {
      status.volumeCondition = VolumeCondition(abnormal: false, message: "being changed")
    }
    return (volume(of: current), status)
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
      guard let told = try await told(record, found[id], deadline: context.answerDeadline) else {
        throw DriverError(.notFound, "volume \(id) does not exist any more")
      }
      return ControllerGetVolumeResponse(volume: told.volume, status: told.status)
    }
  }

  /// A record that cannot be read, ours or the storage's, keeps the others from nothing.
  func reportBroken(_ id: ObjectID, _ error: DriverError) {
    logger.error(
      "a record cannot be read; its object is left as it is",
      metadata: ["object": "\(id)", "reason": "\(error.message)"])
  }
}

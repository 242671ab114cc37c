internal import Backends
internal import CSI
internal import GRPC

extension VolumeController {
  /// DeleteVolume: a volume that is not there is deleted. One that a node holds, or that something
  /// depends on, stays.
  func deleteVolume(
    _ request: DeleteVolumeRequest, _ context: ServerContext
  )
    async throws(RPCError) -> DeleteVolumeResponse
  {
    try await answering { () throws(DriverError) in
      try require(.volumes, for: "DeleteVolume")
      guard let id = try objectID(request.volumeID, .volume, field: "volume_id") else {
        return DeleteVolumeResponse()
      }
      try readiness.check()
      try await work.perform(
        .deleteVolume, on: VolumeID(id), deadline: context.answerDeadline
      ) { (work, operation) throws(DriverError) in
        try await delete(id, work, operation)
      }
      return DeleteVolumeResponse()
    }
  }

  /// Deletes from wherever an earlier attempt stopped. Without a record the backend is asked all the
  /// same: the record may have been lost and the volume not, and the backend keeps what a host may reach.
  ///
  /// An id is the hash of its volume's name. So whoever makes a volume again under the name of one that
  /// was deleted must not send the old one's DeleteVolume after that: it would mean the new one. Names
  /// that hold the claim's UID, as external-provisioner's do, do not come twice.
  func delete(_ id: ObjectID, _ work: Work, _ operation: Operation) async throws(DriverError) {
    var stored = try await operation.step("record") { () async throws(DriverError) in
      try await condemn(id)
    }
    do throws(DriverError) {
      try await operation.step("backend") { () async throws(BackendError) in
        guard var record = stored else {
          try await backend.deleteVolume(
            id, deadline: operation.deadline, progress: { work.advanced($0, $1) })
          return
        }
        defer { stored = record }
        try await copying(&record, in: volumes, work) { (progress) async throws(BackendError) in
          try await backend.deleteVolume(id, deadline: operation.deadline, progress: progress)
        }
      }
    } catch {
      // Refused, so nothing of it was touched: it is what it was.
      if (error.cause as? BackendError)?.code == .inUse, var stored,
        stored.record.location != nil
      {
        stored.record.phase = .ready
        stored.record.owner = ""
        try await volumes.save(&stored)
      }
      throw error
    }
    guard let gone = stored else { return }
    try await operation.step("finish") { () async throws(DriverError) in
      try await volumes.remove(gone)
      estate.remove(id)
    }
  }

  /// Writes down that the volume is to go; nil when there is no record.
  private func condemn(
    _ id: ObjectID
  ) async throws(DriverError) -> ObjectRecords<VolumeRecord>.Stored? {
    guard var stored = try await volumes.record(of: id) else { return nil }
    guard stored.record.holders.isEmpty else {
      let nodes = stored.record.holders.keys.sorted().joined(separator: ", ")
      throw DriverError(
        .failedPrecondition, "volume \(id) is published to \(nodes): unpublish it there first")
    }
    switch stored.record.phase {
    case .deleting:
      guard try takeOver(id, &stored.record.owner) else { return stored }
    case .creating:
      _ = try takeOver(id, &stored.record.owner)
      stored.record.phase = .deleting
    case .ready:
      stored.record.owner = life
      stored.record.phase = .deleting
    }
    try await volumes.save(&stored)
    return stored
  }
}

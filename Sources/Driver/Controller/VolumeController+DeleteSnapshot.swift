internal import Backends
internal import CSI
internal import GRPC

extension VolumeController {
  /// DeleteSnapshot: a snapshot that is not there is deleted. One that something depends on stays.
  func deleteSnapshot(
    _ request: DeleteSnapshotRequest, _ context: ServerContext
  )
    async throws(RPCError) -> DeleteSnapshotResponse
  {
    try await answering { () throws(DriverError) in
      try require(.snapshots, for: "DeleteSnapshot")
      guard let id = try objectID(request.snapshotID, .snapshot, field: "snapshot_id") else {
        return DeleteSnapshotResponse()
      }
      try readiness.check()
      try await work.perform(
        .deleteSnapshot, on: VolumeID(id), deadline: context.answerDeadline
      ) { (_, operation) throws(DriverError) in
        try await deleteSnapshot(id, operation)
      }
      return DeleteSnapshotResponse()
    }
  }

  /// Deletes from wherever an earlier attempt stopped; see `delete` of volumes.
  func deleteSnapshot(_ id: ObjectID, _ operation: Operation) async throws(DriverError) {
    let condemned = try await operation.step("record") { () async throws(DriverError) in
      try await condemnSnapshot(id)
    }
    do throws(DriverError) {
      try await operation.step("backend") { () async throws(BackendError) in
        try await backend.deleteSnapshot(id, deadline: operation.deadline)
      }
    } catch {
      if (error.cause as? BackendError)?.code == .inUse, var stored = condemned,
        stored.record.takenAt != 0
      {
        stored.record.phase = .ready
        stored.record.owner = ""
        try await snapshots.save(&stored)
      }
      throw error
    }
    guard let gone = condemned else { return }
    try await operation.step("finish") { () async throws(DriverError) in
      try await snapshots.remove(gone)
      estate.remove(id)
    }
  }

  /// Writes down that the snapshot is to go; nil when there is no record.
  private func condemnSnapshot(
    _ id: ObjectID
  ) async throws(DriverError) -> ObjectRecords<SnapshotRecord>.Stored? {
    guard var stored = try await snapshots.record(of: id) else { return nil }
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
    try await snapshots.save(&stored)
    return stored
  }
}

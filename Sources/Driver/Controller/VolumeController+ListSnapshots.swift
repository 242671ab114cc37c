internal import Backends
internal import CSI
internal import GRPC

extension VolumeController {
  /// ListSnapshots: all, those of one volume, or one; none that match is an empty list.
  func listSnapshots(
    _ request: ListSnapshotsRequest, _ context: ServerContext
  )
    async throws(RPCError) -> ListSnapshotsResponse
  {
    try await answering { () throws(DriverError) in
      try require(.snapshots, for: "ListSnapshots")
      _ = try PageToken.id(request.startingToken, of: .snapshot, limit: request.maxEntries)
      try readiness.check()
      func isWanted(_ record: SnapshotRecord) -> Bool {
        record.phase == .ready
          && (request.sourceVolumeID.isEmpty
            || record.source.description == request.sourceVolumeID)
      }
      if !request.snapshotID.isEmpty {
        guard let id = ObjectID(request.snapshotID, kind: .snapshot),
          let record = try await snapshots.record(of: id)?.record, isWanted(record)
        else { return ListSnapshotsResponse(entries: [], nextToken: "") }
        return ListSnapshotsResponse(entries: try await entries([record]), nextToken: "")
      }
      let page = try await Page(
        of: snapshots, limit: request.maxEntries, token: request.startingToken, where: isWanted,
        reportingBroken: reportBroken)
      return ListSnapshotsResponse(
        entries: try await entries(page.entries), nextToken: page.nextToken)
    }
  }

  private func entries(_ records: [SnapshotRecord]) async throws(DriverError) -> [Snapshot] {
    var entries: [Snapshot] = []
    for record in records {
      entries.append(snapshot(of: record, isUsable: try await isUsableIfWhole(record)))
    }
    return entries
  }

  /// Of a snapshot that is damaged no volume can be made, and the others are listed all the same.
  private func isUsableIfWhole(_ record: SnapshotRecord) async throws(DriverError) -> Bool {
    do throws(DriverError) {
      return try await isUsable(record)
    } catch {
      guard let code = (error.cause as? BackendError)?.code, [.broken, .notOurs].contains(code)
      else { throw error }
      reportBroken(record.id, error)
      return false
    }
  }

  /// GetSnapshot
  func getSnapshot(
    _ request: GetSnapshotRequest, _ context: ServerContext
  )
    async throws(RPCError) -> GetSnapshotResponse
  {
    try await answering { () throws(DriverError) in
      try require(.snapshots, for: "GetSnapshot")
      guard let id = try objectID(request.snapshotID, .snapshot, field: "snapshot_id") else {
        throw DriverError(.notFound, "snapshot \(request.snapshotID) does not exist")
      }
      try readiness.check()
      let record = try await readySnapshot(id).record
      return GetSnapshotResponse(
        snapshot: snapshot(of: record, isUsable: try await isUsable(record)))
    }
  }
}

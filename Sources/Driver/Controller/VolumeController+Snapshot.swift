internal import Backends
internal import CSI
internal import GRPC
internal import Logging

extension VolumeController {
  /// CreateSnapshot: idempotent on the name; a copy goes on when the caller stops waiting.
  func createSnapshot(
    _ request: CreateSnapshotRequest, _ context: ServerContext
  )
    async throws(RPCError) -> CreateSnapshotResponse
  {
    try await answering { () throws(DriverError) in
      try require(.snapshots, for: "CreateSnapshot")
      let name = try objectName(request.name)
      let wanted = try objectID(request.sourceVolumeID, .volume, field: "source_volume_id")
      try SizeLimits.check(request.parameters, field: "parameters")
      if let key = request.parameters.keys.sorted().first(where: {
        !$0.hasPrefix("csi.storage.k8s.io/")
      }) {
        throw DriverError(
          .invalidArgument, "parameters['\(key)']: a VolumeSnapshotClass has no parameters here")
      }
      try readiness.check()
      let id = ObjectID(.snapshot, name: name, cluster: configuration.clusterID)
      let stored = try await snapshots.record(of: id)?.record
      if let stored, stored.phase != .deleting {
        try stored.check(name, source: wanted)
        if stored.phase == .ready { return try await created(stored) }
      }
      guard let source = wanted else {
        throw DriverError(.notFound, "volume \(request.sourceVolumeID) does not exist")
      }
      try await work.perform(
        .createSnapshot(source: source), on: VolumeID(id), reading: [VolumeID(source)],
        deadline: context.answerDeadline
      ) { (work, operation) throws(DriverError) in
        try await createSnapshot(id, name, of: source, work, operation)
      }
      return try await created(try await readySnapshot(id).record)
    }
  }

  private func created(_ record: SnapshotRecord) async throws(DriverError) -> CreateSnapshotResponse
  {
    CreateSnapshotResponse(snapshot: snapshot(of: record, isUsable: try await isUsable(record)))
  }

  /// Takes the snapshot that the record says, from wherever an earlier attempt stopped.
  func createSnapshot(
    _ id: ObjectID, _ name: String, of source: ObjectID, _ work: Work, _ operation: Operation
  ) async throws(DriverError) {
    let begun = try await operation.step("record") { () async throws(DriverError) in
      try await begin(id, name, of: source, deadline: operation.deadline)
    }
    guard let begun else { return }
    var stored = begun.stored
    do throws(DriverError) {
      let snapshot = try await operation.step("backend") { () async throws(BackendError) in
        try await copying(&stored, in: snapshots, work) { (progress) async throws(BackendError) in
          try await backend.createSnapshot(
            id, of: source, deadline: operation.deadline, progress: progress)
        }
      }
      stored.record.size = snapshot.size
      stored.record.takenAt = snapshot.takenAt
      stored.record.isUsable = snapshot.isReady
    } catch {
      await settle(stored, isFresh: begun.isFresh, after: error)
      throw error
    }
    stored.record.phase = .ready
    stored.record.owner = ""
    let ready = stored
    try await operation.step("finish") { () async throws(DriverError) in
      var ready = ready
      try await snapshots.save(&ready)
      estate.remove(id)
    }
  }

  /// The record to work from, durable, and whether the backend had nothing of the snapshot before; nil
  /// when the snapshot is there already.
  private func begin(
    _ id: ObjectID, _ name: String, of source: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(DriverError) -> (stored: ObjectRecords<SnapshotRecord>.Stored, isFresh: Bool)? {
    if var stored = try await snapshots.record(of: id) {
      switch stored.record.phase {
      case .ready:
        try stored.record.check(name, source: source)
        return nil
      case .deleting:
        throw DriverError(.operationPending, "snapshot \(id) is being deleted; try again later")
      case .creating:
        try stored.record.check(name, source: source)
        if try takeOver(id, &stored.record.owner) { try await snapshots.save(&stored) }
        return (stored, isFresh: false)
      }
    }
    _ = try await readyVolume(source)
    // Our records may have been lost, and what is there be the only copy of somebody's data.
    let present = try await translating { () async throws(BackendError) in
      try await backend.snapshot(id, deadline: deadline)
    }
    var stored = snapshots.new(
      SnapshotRecord(id: id, name: name, phase: .creating, owner: life, source: source))
    try await snapshots.save(&stored)
    return (stored, isFresh: present == nil)
  }

  /// See `settle` of volumes: only what this attempt made itself is ever deleted.
  private func settle(
    _ stored: ObjectRecords<SnapshotRecord>.Stored, isFresh: Bool, after error: DriverError
  ) async {
    guard !Task.isCancelled else { return }
    do throws(DriverError) {
      switch (error.cause as? BackendError)?.code {
      case .invalid, .outOfRange, .notFound, .alreadyExists, .exhausted, .unsupported, .notOurs:
        try await snapshots.remove(stored)
      case .unavailable, .timedOut, .broken: break
      case .inUse, .failed, nil:
        guard isFresh else { break }
        var stored = stored
        stored.record.phase = .deleting
        try await snapshots.save(&stored)
        try await translating { () async throws(BackendError) in
          try await backend.deleteSnapshot(stored.record.id, deadline: .now + .seconds(300))
        }
        try await snapshots.remove(stored)
      }
    } catch {
      logger.warning(
        "a snapshot that could not be taken is cleared away later",
        metadata: ["snapshot": "\(stored.record.id)", "reason": "\(error.message)"])
    }
  }

  /// The record of a snapshot that can be worked with.
  func readySnapshot(
    _ id: ObjectID
  ) async throws(DriverError) -> ObjectRecords<SnapshotRecord>.Stored {
    guard let stored = try await snapshots.record(of: id) else {
      throw DriverError(.notFound, "snapshot \(id) does not exist")
    }
    guard stored.record.phase == .ready else {
      throw DriverError(
        .operationPending, "snapshot \(id) is \(stored.record.phase.rawValue); try again later")
    }
    return stored
  }

  /// Whether volumes can be made from it now: the record knows once it was so, else the backend.
  func isUsable(_ record: SnapshotRecord) async throws(DriverError) -> Bool {
    if record.isUsable { return true }
    let found = try await translating { () async throws(BackendError) in
      try await backend.snapshot(record.id, deadline: .now + .seconds(60))
    }
    return found?.isReady ?? false
  }
}

extension SnapshotRecord {
  /// Whether a request for `name` is one for this snapshot; `alreadyExists` names what differs.
  func check(_ name: String, source: ObjectID?) throws(DriverError) {
    guard name == self.name else {
      throw DriverError(
        .internal,
        "snapshot \(id) is called \(self.name.debugDescription), and \(name.debugDescription) "
          + "has the same id: choose another name"
      )
    }
    guard source == self.source else {
      throw DriverError(
        .alreadyExists,
        "snapshot \(name.debugDescription) exists as \(id), and it is of volume \(self.source)")
    }
  }
}

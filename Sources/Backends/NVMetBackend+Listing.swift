extension NVMetBackend {
  /// A volume with the export that its record says, and what is wrong with it.
  public func volume(
    _ id: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> BackendVolume? {
    guard let record = try await records.record(of: id)?.record else {
      guard let object = try await pool.volume(id, deadline: deadline) else { return nil }
      return try withoutRecord(object)
    }
    guard record.phase == .serving else { return nil }
    guard let object = try await pool.volume(id, deadline: deadline) else {
      return volume(of: record, fault: "its storage \(record.path) is gone")
    }
    var current = record
    current.size = object.size
    return volume(of: current, fault: try await fault(of: record, deadline))
  }

  /// From the records and the pool together: what only one of them has shows a fault, and so does what
  /// is damaged in one of them. The pool and the target are asked once for all of them.
  public func volumes(
    _ ids: [ObjectID], deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> [ObjectID: Result<BackendVolume, BackendError>] {
    let storage = try await pool.volumes(ids, deadline: deadline)
    var volumes: [ObjectID: Result<BackendVolume, BackendError>] = [:]
    var complete: [ExportRecord] = []
    for id in ids {
      let object = storage[id] ?? .success(nil)
      do throws(BackendError) {
        switch (try await records.record(of: id)?.record, object) {
        case (var record?, .success(let object?)):
          guard record.phase == .serving else { continue }
          record.size = object.size
          complete.append(record)
        case (let record?, .failure(let damage)):
          guard record.phase == .serving else { continue }
          volumes[id] = .success(volume(of: record, fault: damage.description))
        case (nil, .failure(let damage)): volumes[id] = .failure(damage)
        case (_?, .success(nil)), (nil, .success(_?)):
          // Only one has it, or it was made or removed between the two looks: another one tells.
          volumes[id] = try await volume(id, deadline: deadline).map { .success($0) }
        case (nil, .success(nil)): continue
        }
      } catch {
        guard error.code == .broken else { throw error }
        volumes[id] = try unreadable(object, error)
      }
    }
    let records = complete
    let faults = try await onTarget("look at the exports", subject: "list", deadline) {
      (target) throws(BackendError) in
      try target.faults(of: records)
    }
    for (record, fault) in zip(records, faults) {
      volumes[record.volume] = .success(volume(of: record, fault: fault))
    }
    return volumes
  }

  /// A volume whose export record is damaged, as far as its storage tells.
  private func unreadable(
    _ object: Result<PoolObject?, BackendError>, _ damage: BackendError
  ) throws(BackendError) -> Result<BackendVolume, BackendError> {
    guard case .success(let object?) = object else { return .failure(damage) }
    var volume = try withoutRecord(object)
    volume.fault = damage.description
    volume.isUnrecorded = false
    return .success(volume)
  }

  /// What the records or the pool have, by name.
  public func volumeIDs(
    deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> [ObjectID] {
    let storage = try await pool.volumeIDs(deadline: deadline)
    return Set(storage).union(try await records.volumes()).sorted()
  }

  func volume(of record: ExportRecord, fault: String?) -> BackendVolume {
    BackendVolume(
      id: record.volume, size: record.size, content: record.content, export: record.export,
      fault: fault)
  }

  /// Why a volume does not serve.
  func fault(
    of record: ExportRecord, _ deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> String? {
    try await onTarget("look at", record.volume, deadline) { (target) throws(BackendError) in
      try target.faults(of: [record]).first ?? nil
    }
  }

  func required(
    _ id: ObjectID, _ deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> BackendVolume {
    guard let volume = try await volume(id, deadline: deadline) else {
      throw BackendError(.notFound, "there is no volume \(id)")
    }
    return volume
  }

  /// A volume is never made without a record first, so this one's was lost. It is shown, so that nobody
  /// takes its storage for free, and not exported: which hosts may write to it is not known here.
  private func withoutRecord(_ object: PoolObject) throws(BackendError) -> BackendVolume {
    var volume = BackendVolume(
      id: object.id, size: object.size, content: object.content,
      export: Export(
        nqn: try configuration.nqn(of: object.id), nsid: ExportRecord.nsid,
        uuid: TargetMark.uuid(of: object.id), portals: configuration.portals, allowedHosts: []),
      fault: Self.unrecorded)
    volume.isUnrecorded = true
    return volume
  }
}

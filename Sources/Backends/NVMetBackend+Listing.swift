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

  /// From the records and the pool together: what only one of them has shows a fault.
  public func volumes(
    deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> [BackendVolume] {
    let objects = try await pool.volumes(deadline: deadline)
    var volumes: [ObjectID: BackendVolume] = [:]
    var storage: [ObjectID: PoolObject] = [:]
    for object in objects { storage[object.id] = object }
    var complete: [ExportRecord] = []
    for id in try await records.volumes() {
      let object = storage.removeValue(forKey: id)
      do throws(BackendError) {
        guard let record = try await records.record(of: id)?.record, record.phase == .serving
        else { continue }
        guard let object else {
          volumes[id] = volume(of: record, fault: "its storage \(record.path) is gone")
          continue
        }
        var current = record
        current.size = object.size
        complete.append(current)
      } catch {
        guard error.code == .broken, let object else { throw error }
        var faulty = try withoutRecord(object)
        faulty.fault = error.message
        faulty.isUnrecorded = false
        volumes[id] = faulty
      }
    }
    for object in storage.values { volumes[object.id] = try withoutRecord(object) }
    let records = complete
    let faults = try await onTarget("look at the exports", subject: "list", deadline) {
      (target) throws(BackendError) in
      try target.faults(of: records)
    }
    for (record, fault) in zip(records, faults) {
      volumes[record.volume] = volume(of: record, fault: fault)
    }
    return volumes.values.sorted { $0.id < $1.id }
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

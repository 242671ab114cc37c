internal import NVMe

extension NVMetBackend {
  /// Record, storage, export, in this order.
  public func createVolume(
    _ specification: VolumeSpecification, deadline: ContinuousClock.Instant,
    progress: @escaping Progress
  ) async throws(BackendError) -> BackendVolume {
    let id = specification.id
    guard id.kind == .volume else {
      throw BackendError(.invalid, "'\(id)' is no volume's name")
    }
    var stored = try await records.record(of: id)
    if stored?.record.phase == .deleting {
      try await deleteVolume(id, deadline: deadline) { _, _ in }
      stored = nil
    }
    var object = try await pool.volume(id, deadline: deadline)
    if object == nil, let record = stored?.record, record.phase == .serving {
      throw BackendError(
        .broken,
        "volume \(id): its storage \(record.path) is gone. Bring it back, or delete the volume")
    }
    let isNew = stored == nil
    if isNew {
      // A record that it is being made would be a lie about somebody's data.
      if object != nil { return try await adopt(specification, deadline, progress) }
      stored = try await records.save(try newRecord(specification), over: nil)
    }
    do {
      object = try await makeStorage(specification, isThere: object != nil, deadline, progress)
    } catch {
      try await forget(stored, unless: !isNew, error)
      throw error
    }
    guard let object, var record = stored?.record else { return try await required(id, deadline) }
    record.path = object.path
    record.size = object.size
    record.content = object.content
    stored = try await records.save(record, over: stored)
    guard let prepared = stored else { return try await required(id, deadline) }
    var applied = try await apply(prepared, deadline)
    if applied.record.phase == .creating {
      record = applied.record
      record.phase = .serving
      applied = try await records.save(record, over: applied)
    }
    return volume(of: applied.record, fault: nil)
  }

  func newRecord(
    _ specification: VolumeSpecification
  ) throws(BackendError) -> ExportRecord {
    let id = specification.id
    guard let nguid = NGUID(TargetMark.nguid(of: id)) else {
      throw BackendError(.failed, "volume \(id) has no NGUID")
    }
    return ExportRecord(
      volume: id, phase: .creating, nqn: try configuration.nqn(of: id),
      uuid: TargetMark.uuid(of: id), nguid: nguid, serial: TargetMark.serial(of: id), path: "",
      size: specification.size, content: specification.content, portals: configuration.portals)
  }

  private func makeStorage(
    _ specification: VolumeSpecification, isThere: Bool, _ deadline: ContinuousClock.Instant,
    _ progress: @escaping Progress
  ) async throws(BackendError) -> PoolObject {
    guard !isThere, pool.needsQuietSource, case .volume(let source) = specification.content else {
      return try await pool.createVolume(specification, deadline: deadline, progress: progress)
    }
    return try await quiet.copying(source) { () async throws(BackendError) in
      try await requireQuiet(source, "be cloned", deadline)
      return try await pool.createVolume(specification, deadline: deadline, progress: progress)
    }
  }

  /// A record that was made for nothing goes again when the pool says that nothing is left.
  private func forget(
    _ stored: ExportRecords.Stored?, unless needed: Bool, _ error: BackendError
  ) async throws(BackendError) {
    guard let stored, !needed, stored.record.phase == .creating else { return }
    switch error.code {
    case .timedOut, .failed, .broken, .unavailable: return
    default: try await records.remove(stored)
    }
  }

  /// Export, storage, record, in this order.
  public func deleteVolume(
    _ id: ObjectID, deadline: ContinuousClock.Instant, progress: @escaping Progress
  ) async throws(BackendError) {
    guard var stored = try await records.record(of: id) else {
      return try await deleteWithoutRecord(id, deadline, progress)
    }
    guard stored.record.hosts.isEmpty else {
      throw BackendError(
        .inUse,
        "volume \(id) cannot be deleted while hosts may write to it: "
          + stored.record.hosts.map(\.rawValue).sorted().joined(separator: ", "))
    }
    let before = stored.record.phase
    if !stored.record.cutting.isEmpty { stored = try await shutOut(stored, deadline) }
    var record = stored.record
    record.phase = .deleting
    stored = try await records.save(record, over: stored)
    let (nqn, portals) = (record.nqn, record.portals)
    try await onTarget("stop exporting", id, deadline) { (target) throws(BackendError) in
      try target.remove(nqn, from: portals)
    }
    do {
      try await pool.deleteVolume(id, deadline: deadline, progress: progress)
    } catch  where error.code == .inUse && before == .serving {
      // It stays, and so does its export.
      record.phase = .serving
      stored = try await records.save(record, over: stored)
      _ = try await apply(stored, deadline)
      throw error
    }
    try await records.remove(stored)
  }

  /// Without a record nobody knows which hosts were allowed, but those that are show in configfs.
  private func deleteWithoutRecord(
    _ id: ObjectID, _ deadline: ContinuousClock.Instant, _ progress: @escaping Progress
  ) async throws(BackendError) {
    let nqn = try configuration.nqn(of: id)
    try await onTarget("stop exporting", id, deadline) { (target) throws(BackendError) in
      try target.requireAvailable()
      guard try target.isOurs(nqn) else { return }
      try target.requireNoHosts(nqn)
      try target.remove(nqn)
    }
    try await pool.deleteVolume(id, deadline: deadline, progress: progress)
  }

  /// Storage, record, then the hosts are told.
  public func expandVolume(
    _ id: ObjectID, toSize size: Int64, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> BackendVolume {
    let stored = try await serving(id, deadline)
    let object = try await pool.expandVolume(id, toSize: size, deadline: deadline)
    var record = stored.record
    record.size = object.size
    record.path = object.path
    let saved = try await records.save(record, over: stored)
    let nqn = record.nqn
    try await onTarget("tell the size of", id, deadline) { (target) throws(BackendError) in
      try target.revalidateSize(nqn)
    }
    let fault = try await fault(of: saved.record, deadline)
    return volume(of: saved.record, fault: fault)
  }
}

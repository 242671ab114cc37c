public import NVMe

extension NVMetBackend {
  /// Records the host, then links it.
  public func allow(
    _ host: NQN, volume: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    try await quiet.granting(volume) { () async throws(BackendError) in
      var stored = try await serving(volume, deadline)
      // What an earlier call left half cut is cut first: it may be this very host.
      if !stored.record.cutting.isEmpty { stored = try await shutOut(stored, deadline) }
      var record = stored.record
      record.hosts.insert(host)
      stored = try await records.save(record, over: stored)
      _ = try await apply(stored, deadline)
    }
  }

  /// Records that the host is to be cut, unlinks it, cuts, and records that it is done: by record and
  /// configfs alone, whatever has become of the storage. A host that was not allowed, or a volume that
  /// is not there, is success.
  public func revoke(
    _ host: NQN, volume: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    try await quiet.revoking(volume) { () async throws(BackendError) in
      let found: ExportRecords.Stored?
      do throws(BackendError) {
        found = try await records.record(of: volume)
      } catch  where error.code == .broken {
        try await revokeUnrecorded(host, volume, deadline)
        // It is out, until somebody repairs the record, which may name it.
        throw error
      }
      guard let stored = found else {
        return try await revokeUnrecorded(host, volume, deadline)
      }
      // While a volume is deleted its export may be gone, and what is left of it has no hosts.
      guard stored.record.phase == .serving else { return }
      var record = stored.record
      let nqn = record.nqn
      // Also when it was not in the record: somebody may have linked it by hand.
      let isLinked = try await onTarget("look for hosts of", volume, deadline) {
        (target) throws(BackendError) in
        try target.requireAvailable()
        return try target.isOurs(nqn) ? try target.allows(host, nqn) : false
      }
      if record.hosts.remove(host) != nil || isLinked { record.cutting.insert(host) }
      try await exportAfterwards(
        try await shutOut(try await records.save(record, over: stored), deadline), deadline)
    }
  }

  /// The host is out. What it takes to do that with no host left has taken the export away, and it
  /// comes back as well as it can: without hosts nobody misses it before `allow`, which tries again.
  private func exportAfterwards(
    _ stored: ExportRecords.Stored, _ deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    guard stored.record.hosts.isEmpty else {
      _ = try await apply(stored, deadline)
      return
    }
    do throws(BackendError) {
      // Storage that does not answer must not hold the answer up.
      _ = try await apply(stored, min(deadline, .now + .seconds(20)))
    } catch {
      report(
        "volume \(stored.record.volume): its hosts are shut out, and it is not exported again: "
          + "\(error)")
    }
  }

  /// Without a record configfs alone knows the hosts. The last one takes the export with it, since an
  /// export that nobody has a record of is no use to anybody; with others left it is not known who of
  /// them may stay.
  private func revokeUnrecorded(
    _ host: NQN, _ volume: ObjectID, _ deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    let nqn = try configuration.nqn(of: volume)
    try await onTarget("shut hosts out of", volume, deadline) { (target) throws(BackendError) in
      try target.requireAvailable()
      guard try target.isOurs(nqn), try target.allows(host, nqn) else { return }
      let others = try target.hosts(nqn).filter { $0 != host.rawValue }
      guard others.isEmpty else {
        throw BackendError(
          .broken,
          "volume \(volume) is exported to \(host) and to \(others.joined(separator: ", ")), and its "
            + "export record is lost: bring the driver's state back, or remove subsystem \(nqn) by "
            + "hand")
      }
      try target.shutDown(nqn)
    }
  }

  /// Those of the record and those that are linked in configfs; the storage is not asked.
  public func hosts(
    of volume: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> Set<NQN> {
    let record = try await records.record(of: volume)?.record
    let ours = try configuration.nqn(of: volume)
    return try await linkedHosts(record?.nqn ?? ours, volume, deadline)
      .union(record?.hosts ?? []).union(record?.cutting ?? [])
  }

  /// Whom configfs lets in; nobody where the subsystem is not ours.
  func linkedHosts(
    _ nqn: NQN, _ volume: ObjectID, _ deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> Set<NQN> {
    let linked = try await onTarget("look for hosts of", volume, deadline) {
      (target) throws(BackendError) in
      try target.requireAvailable()
      return try target.isOurs(nqn) ? try target.hosts(nqn) : []
    }
    return Set(linked.compactMap { try? NQN($0) })
  }

  /// Fails with `inUse` while a host may write to the volume, or is not proven to be cut.
  func requireQuiet(
    _ id: ObjectID, _ what: String, _ deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    let hosts = try await hosts(of: id, deadline: deadline)
    guard !hosts.isEmpty else { return }
    throw BackendError(
      .inUse,
      "volume \(id) cannot \(what) while hosts may write to it: "
        + hosts.map(\.rawValue).sorted().joined(separator: ", ")
        + ". Unpublish it from their nodes first")
  }

  /// The record of a volume that is exported. One whose record was lost is `unavailable`: it is there,
  /// and `adopt` brings it back.
  func serving(
    _ id: ObjectID, _ deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> ExportRecords.Stored {
    let stored = try await records.record(of: id)
    if let stored, stored.record.phase == .serving { return stored }
    if stored == nil, try await pool.volume(id, deadline: deadline) != nil {
      throw BackendError(.unavailable, "volume \(id): \(Self.unrecorded)")
    }
    throw BackendError(.notFound, "there is no volume \(id)")
  }
}

public import NVMe

extension NVMetBackend {
  /// Records the host, then links it.
  public func allow(
    _ host: NQN, volume: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    try await quiet.granting(volume) { () async throws(BackendError) in
      guard var stored = try await records.record(of: volume), stored.record.phase == .serving
      else { throw BackendError(.notFound, "there is no volume \(volume)") }
      // What an earlier call left half cut is cut first: it may be this very host.
      if !stored.record.cutting.isEmpty { stored = try await apply(stored, deadline) }
      var record = stored.record
      record.hosts.insert(host)
      stored = try await records.save(record, over: stored)
      _ = try await apply(stored, deadline)
    }
  }

  /// Records that the host is to be cut, unlinks it, cuts, and records that it is done. A host that was
  /// not allowed, or a volume that is not there, is success.
  public func revoke(
    _ host: NQN, volume: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    guard let stored = try await records.record(of: volume) else {
      return try await requireUnknown(host, volume, deadline)
    }
    var record = stored.record
    // While a volume is deleted its export may be gone, and what is left of it has no hosts.
    guard record.phase == .serving else { return }
    if record.hosts.remove(host) != nil { record.cutting.insert(host) }
    // Also when it was not in the record: somebody may have linked it by hand.
    _ = try await apply(try await records.save(record, over: stored), deadline)
  }

  /// A volume without a record cannot be exported again, so its connections are not cut behind the back
  /// of whoever uses it.
  private func requireUnknown(
    _ host: NQN, _ volume: ObjectID, _ deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    let nqn = try configuration.nqn(of: volume)
    try await onTarget("look for", volume, deadline) { (target) throws(BackendError) in
      guard try target.isOurs(nqn), try target.allows(host, nqn) else { return }
      throw BackendError(
        .broken,
        "volume \(volume) is exported to \(host) but its export record is gone: bring the driver's "
          + "state back, or remove subsystem \(nqn) by hand")
    }
  }
}

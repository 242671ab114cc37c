internal import NVMe

/// Storage that is there and whose export record is not: the driver's state was lost, whole or in part.
/// It holds somebody's data, so its new record never says that it is being made; such a one would let
/// the collection of leftovers delete it.
extension NVMetBackend {
  /// What is wrong with such a volume.
  static let unrecorded =
    "its export record is gone. The driver exports it again by itself when it knows the volume; else "
    + "bring the driver's state back, or create the volume again with the same name, size and source "
    + "to export what it holds"

  /// Lets in the export's hosts and nobody else; one that is let in now stays connected if it is one of
  /// them.
  public func adopt(
    _ volume: ObjectID, as export: Export, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> BackendVolume {
    guard volume.kind == .volume, export.nqn.rawValue.hasSuffix(":\(volume)"),
      export.nsid == ExportRecord.nsid, export.uuid == TargetMark.uuid(of: volume),
      !export.portals.isEmpty
    else {
      throw BackendError(
        .invalid, "volume \(volume) was never exported as \(export.nqn), UUID \(export.uuid)")
    }
    guard try await records.record(of: volume) == nil else {
      // It was not lost, or is back.
      return try await required(volume, deadline)
    }
    guard let object = try await pool.volume(volume, deadline: deadline) else {
      throw BackendError(.notFound, "there is no volume \(volume)")
    }
    let nqn = export.nqn
    let linked = try await linkedHosts(nqn, volume, deadline)
    var record = try record(of: object)
    record.nqn = nqn
    record.portals = export.portals
    record.hosts = export.allowedHosts
    record.cutting = linked.subtracting(export.allowedHosts)
    let adopted = record
    return try await quiet.granting(volume) { () async throws(BackendError) in
      try await begin(adopted, deadline)
    }
  }

  /// For whoever asks for a volume that only the pool knows: it is his when it is what he asks for, and
  /// when no host has it. Otherwise nothing is written.
  func adopt(
    _ specification: VolumeSpecification, _ deadline: ContinuousClock.Instant,
    _ progress: @escaping Progress
  ) async throws(BackendError) -> BackendVolume {
    let object = try await pool.createVolume(
      specification, deadline: deadline, progress: progress)
    let id = specification.id
    let hosts = try await hosts(of: id, deadline: deadline)
    guard hosts.isEmpty else {
      throw BackendError(
        .inUse,
        "volume \(id) is there, and its export record is gone, but hosts may write to it: "
          + hosts.map(\.rawValue).sorted().joined(separator: ", ")
          + ". Unpublish it from their nodes first, or bring the driver's state back")
    }
    return try await begin(try record(of: object), deadline)
  }

  /// Complete from the start: what is still to be done is to make configfs as it says.
  private func begin(
    _ record: ExportRecord, _ deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> BackendVolume {
    let stored = try await apply(try await records.save(record, over: nil), deadline)
    return volume(of: stored.record, fault: nil)
  }

  private func record(of object: PoolObject) throws(BackendError) -> ExportRecord {
    var record = try newRecord(
      VolumeSpecification(
        id: object.id, size: object.size, content: object.content, parameters: object.parameters))
    record.phase = .serving
    record.path = object.path
    return record
  }
}

internal import BlockDevice
internal import CSI
internal import GRPC
internal import Linux
internal import Logging
internal import Mount
internal import NVMe

extension Node {
  /// NodeStageVolume: connects the volume's subsystem, checks that the namespace is the volume's,
  /// and, for a file system, formats what is proven empty, checks, and mounts at the staging path.
  /// Of a raw block volume there is nothing at the staging path.
  func stageVolume(
    _ request: NodeStageVolumeRequest, _ context: ServerContext
  )
    async throws(RPCError) -> NodeStageVolumeResponse
  {
    try await answering { () throws(DriverError) in
      let wanted = StageRecord(
        volume: try VolumeID(request.volumeID),
        source: try VolumeSource(context: request.volumeContext),
        access: try VolumeAccess(request.volumeCapability),
        stagingPath: try path(request.stagingTargetPath, field: "staging_target_path").rawValue)
      guard request.secrets.keys.isEmpty else {
        throw DriverError(
          .invalidArgument,
          """
          secrets (\(request.secrets.keys.joined(separator: ", "))): this version has no in-band \
          authentication (DH-HMAC-CHAP); a secret that is ignored would only look like protection
          """)
      }
      try await operations.run(
        "stage", volume: wanted.volume, deadline: context.answerDeadline
      ) { (operation) throws(DriverError) in
        try await stage(wanted, operation)
      }
      return NodeStageVolumeResponse()
    }
  }

  private func stage(_ wanted: StageRecord, _ operation: Operation) async throws(DriverError) {
    let present = try await records.record(of: wanted.volume)
    var record = try merge(wanted, into: present)
    // Before the first side effect: a failed first attempt takes back all that it finds there.
    try requireOwn(at: record.stagingPath, of: record, in: try table())
    do throws(DriverError) {
      try await bringUp(&record, operation)
    } catch {
      // After a final error the kubelet does not unstage what it thinks was never staged, so a first
      // attempt leaves nothing behind. After any other error it retries or unstages.
      if present == nil, error.isFinal {
        await undo(record, operation)
      }
      throw error
    }
  }

  /// The record to work towards: what there is, with what may change without restaging.
  private func merge(
    _ wanted: StageRecord, into present: StageRecord?
  ) throws(DriverError)
    -> StageRecord
  {
    guard var record = present else { return wanted }
    let volume = wanted.volume
    guard record.source.nqn == wanted.source.nqn, record.source.nsid == wanted.source.nsid else {
      throw DriverError(
        .failedPrecondition,
        """
        volume \(volume) is staged from \(record.source.nqn) namespace \(record.source.nsid), not \
        from \(wanted.source.nqn) namespace \(wanted.source.nsid): unstage it first
        """)
    }
    guard record.access.kind == wanted.access.kind,
      record.access.mode.isReadOnly == wanted.access.mode.isReadOnly
    else {
      throw DriverError(
        .alreadyExists,
        "volume \(volume) is staged as \(record.access); asked for \(wanted.access): unstage it first"
      )
    }
    if record.stagingPath != wanted.stagingPath {
      let mounted = try table().mounts(at: record.stagingPath)
      guard mounted.isEmpty, record.targets.isEmpty else {
        throw DriverError(
          .failedPrecondition,
          "volume \(volume) is staged at \(record.stagingPath): unstage it there first")
      }
    }
    record.source = wanted.source
    record.access = wanted.access
    record.stagingPath = wanted.stagingPath
    return record
  }

  /// Makes the node look as `record` says, from wherever it is; every step can be run again.
  /// On return the record is durable in phase `staged`.
  func bringUp(_ record: inout StageRecord, _ operation: Operation) async throws(DriverError) {
    let wanted = record
    try subsystems.join(record.source.nqn, record.source.nsid, record.volume)
    try await operation.step("record") { () async throws(DriverError) in
      try await records.save(wanted)
    }
    try await operation.step("connect") { () async throws(DriverError) in
      try await connect(wanted.source.portals, of: wanted, deadline: operation.deadline)
    }
    let namespace = try await operation.step("namespace") { () async throws(DriverError) in
      try await self.namespace(of: wanted, deadline: operation.deadline)
    }
    record.identity = .init(namespace)
    await retain(namespace, of: record, operation)
    if case .fileSystem(let type, _) = record.access.kind {
      try await mount(&record, namespace, type, operation)
    }
    record.phase = .staged
    record.bootID = Self.bootID
    let reached = record
    if reached != wanted {
      try await operation.step("commit") { () async throws(DriverError) in
        try await records.save(reached)
      }
    }
  }

  private func mount(
    _ record: inout StageRecord, _ namespace: Namespace, _ type: FileSystemType,
    _ operation: Operation
  ) async throws(DriverError) {
    if try await takeUp(&record, namespace, operation) { return }

    let found = record
    record = try await pinning(namespace, of: record, operation) {
      (disk) async throws(DriverError) -> StageRecord in
      try await mount(found, disk, type, operation)
    }
  }

  /// How many errors the staged file system has found in itself; nil when nobody knows.
  func errorCount(of record: StageRecord) throws(DriverError) -> UInt64? {
    guard let mount = try table().mounts(at: record.stagingPath).last else { return nil }
    do { return try mounts.errorCount(of: mount) } catch { throw DriverError(error) }
  }

  /// Takes back what a failed first attempt did, as far as that can be done now.
  private func undo(_ record: StageRecord, _ operation: Operation) async {
    do {
      try await tearDown(record, operation)
    } catch {
      logger.warning(
        "a failed stage left something behind; a retry or unstage will find it by its record",
        metadata: ["volume": "\(record.volume)", "reason": "\(error)"])
    }
  }
}

extension DriverError {
  /// The kubelet takes the error for proof that nothing was staged
  /// (its `IsFinalError`: everything but cancelled, timed out, unavailable, exhausted, aborted).
  var isFinal: Bool {
    switch code {
    case .deadlineExceeded, .unavailable, .resourceExhausted, .operationPending: false
    default: true
    }
  }
}

extension ContinuousClock.Instant {
  /// The limit for programs that must not be stopped half-way because a caller lost patience: mkfs,
  /// fsck. The caller gets its own deadline's error and finds the reservation held on a retry.
  static func forWork(after deadline: Self) -> Self { max(deadline, .now + .seconds(3_600)) }
}

extension BlockDevice {
  /// The namespace's head disk.
  init(_ namespace: Namespace) {
    self.init(path: "/dev/\(namespace.name)", number: namespace.device, size: namespace.size)
  }
}

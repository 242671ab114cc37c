internal import Backends
internal import CSI
internal import GRPC
internal import Linux
internal import Logging
internal import NVMe

extension VolumeController {
  /// CreateVolume: idempotent on the name; a copy goes on when the caller stops waiting.
  func createVolume(
    _ request: CreateVolumeRequest, _ context: ServerContext
  )
    async throws(RPCError) -> CreateVolumeResponse
  {
    try await answering { () throws(DriverError) in
      try require(.volumes, for: "CreateVolume")
      let name = try objectName(request.name)
      let asked = try VolumeRecord.Request(request, for: backend)
      try readiness.check()
      let id = ObjectID(.volume, name: name, cluster: configuration.clusterID)
      if let volume = try await created(id, name, asked) {
        try check(request.accessibilityRequirements, otherwise: .alreadyExists)
        return volume
      }
      // What the specification has for "Unable to provision in `accessible_topology`".
      try check(request.accessibilityRequirements, otherwise: .resourceExhausted)
      logger.info(
        "create volume",
        metadata: [
          "volume": "\(id)", "name": "\(name.debugDescription)",
          "claim":
            "\(request.parameters["csi.storage.k8s.io/pvc/namespace"] ?? "")/\(request.parameters["csi.storage.k8s.io/pvc/name"] ?? "")",
        ])
      try await work.perform(
        .createVolume(asked), on: VolumeID(id), reading: asked.sources,
        deadline: context.answerDeadline
      ) { (work, operation) throws(DriverError) in
        try await create(id, name, asked, work, operation)
      }
      guard let volume = try await created(id, name, asked) else {
        throw DriverError(.operationPending, "volume \(id) was deleted meanwhile; try again")
      }
      return volume
    }
  }

  /// The answer for a volume that is there already; nil when it is not, or not yet.
  private func created(
    _ id: ObjectID, _ name: String, _ asked: VolumeRecord.Request
  ) async throws(DriverError) -> CreateVolumeResponse? {
    guard let record = try await volumes.record(of: id)?.record, record.phase != .deleting else {
      return nil
    }
    try record.check(name, asked)
    guard record.phase == .ready else { return nil }
    return CreateVolumeResponse(volume: volume(of: record))
  }

  /// Makes the volume that the record says, from wherever an earlier attempt stopped.
  func create(
    _ id: ObjectID, _ name: String, _ asked: VolumeRecord.Request, _ work: Work,
    _ operation: Operation
  ) async throws(DriverError) {
    let begun = try await operation.step("record") { () async throws(DriverError) in
      try await begin(id, name, asked, deadline: operation.deadline)
    }
    guard let begun else { return }
    var stored = begun.stored
    let specification = VolumeSpecification(
      id: id, size: stored.record.size, content: asked.content, parameters: asked.parameters)
    do throws(DriverError) {
      let volume = try await operation.step("backend") { () async throws(BackendError) in
        try await copying(&stored, in: volumes, work) { (progress) async throws(BackendError) in
          try await backend.createVolume(
            specification, deadline: operation.deadline, progress: progress)
        }
      }
      stored.record.location = try VolumeRecord.Location(volume.export, for: asked)
      stored.record.size = volume.size
    } catch {
      await settle(stored, isFresh: begun.isFresh, after: error)
      throw error
    }
    stored.record.phase = .ready
    stored.record.owner = ""
    let ready = stored
    try await operation.step("finish") { () async throws(DriverError) in
      var ready = ready
      try await volumes.save(&ready)
      estate.remove(id)
    }
  }

  /// The record to work from, durable, and whether the backend had nothing of the volume before; nil when
  /// the volume is there already.
  private func begin(
    _ id: ObjectID, _ name: String, _ asked: VolumeRecord.Request,
    deadline: ContinuousClock.Instant
  ) async throws(DriverError) -> (stored: ObjectRecords<VolumeRecord>.Stored, isFresh: Bool)? {
    if var stored = try await volumes.record(of: id) {
      switch stored.record.phase {
      case .ready:
        try stored.record.check(name, asked)
        return nil
      case .deleting:
        throw DriverError(.operationPending, "volume \(id) is being deleted; try again later")
      case .creating:
        try stored.record.check(name, asked)
        if try takeOver(id, &stored.record.owner) { try await volumes.save(&stored) }
        return (stored, isFresh: false)
      }
    }
    let size = try backend.size(
      required: asked.required, limit: asked.limit,
      holding: try await sourceSize(asked.content), of: "its source",
      fallback: configuration.defaultSize)
    // Our records may have been lost, and the volume under this name be somebody's data.
    let present = try await translating { () async throws(BackendError) in
      try await backend.volume(id, deadline: deadline)
    }
    var stored = volumes.new(
      VolumeRecord(
        id: id, name: name, phase: .creating, owner: life, request: asked, size: size,
        createdAt: WallClock.nanoseconds))
    try await volumes.save(&stored)
    return (stored, isFresh: present == nil)
  }

  /// Bytes that the content's source has. It cannot go: whoever reads it has it reserved.
  private func sourceSize(
    _ content: VolumeSpecification.Content
  ) async throws(DriverError) -> Int64? {
    switch content {
    case .empty: return nil
    case .volume(let id): return try await readyVolume(id).record.size
    case .snapshot(let id):
      let snapshot = try await readySnapshot(id).record
      guard try await isUsable(snapshot) else {
        throw DriverError(.unavailable, "snapshot \(id) is not ready to use yet; try again later")
      }
      return snapshot.size
    }
  }

  /// After a create that failed: forgets it when nothing is left of it, undoes it when something may
  /// be, keeps it for the next attempt when the storage only did not answer, or when what is there may be
  /// older than this attempt: only what it made itself is ever deleted.
  private func settle(
    _ stored: ObjectRecords<VolumeRecord>.Stored, isFresh: Bool, after error: DriverError
  ) async {
    // A controller that stops leaves the work to its next life.
    guard !Task.isCancelled else { return }
    do throws(DriverError) {
      switch (error.cause as? BackendError)?.code {
      case .invalid, .outOfRange, .notFound, .alreadyExists, .exhausted, .unsupported, .notOurs:
        try await volumes.remove(stored)
      case .unavailable, .timedOut, .broken: break
      case .inUse, .failed, nil:
        guard isFresh else { break }
        var stored = stored
        stored.record.phase = .deleting
        try await volumes.save(&stored)
        try await translating { () async throws(BackendError) in
          try await backend.deleteVolume(
            stored.record.id, deadline: .now + .seconds(300), progress: { _, _ in })
        }
        try await volumes.remove(stored)
      }
    } catch {
      logger.warning(
        "a volume that could not be made is cleared away later",
        metadata: ["volume": "\(stored.record.id)", "reason": "\(error.message)"])
    }
  }
}

extension VolumeRecord {
  /// Whether a request for `name` is one for this volume; `alreadyExists` names what differs.
  func check(_ name: String, _ asked: Request) throws(DriverError) {
    guard name == self.name else {
      throw DriverError(
        .internal,
        "volume \(id) is called \(self.name.debugDescription), and \(name.debugDescription) has "
          + "the same id: choose another name")
    }
    var differences: [String] = []
    if size < asked.required || (asked.limit > 0 && size > asked.limit) {
      differences.append("it has \(size) bytes")
    }
    if request.content != asked.content { differences.append("its content came from elsewhere") }
    if request.connection != asked.connection || request.parameters != asked.parameters {
      differences.append("its parameters differ")
    }
    if request.access != asked.access {
      differences.append("it was made for \(request.access.joined(separator: ", "))")
    }
    guard differences.isEmpty else {
      throw DriverError(
        .alreadyExists,
        "volume \(name.debugDescription) exists as \(id), and \(differences.joined(separator: "; "))"
      )
    }
  }
}

extension VolumeRecord.Location {
  /// How nodes reach what was made, by the transport that the StorageClass names, or by the backend's
  /// first. Fails when it is served over others: the backend's were checked before, but a volume keeps
  /// the portals it was made with.
  init(_ export: Export, for asked: VolumeRecord.Request) throws(DriverError) {
    let wanted = asked.connection["transport"] ?? export.portals.first?.transport.rawValue
    let portals = export.portals.filter { $0.transport.rawValue == wanted }
    guard !portals.isEmpty else {
      throw DriverError(
        .invalidArgument,
        "parameters['transport']: the volume is not served over '\(wanted ?? "any")'")
    }
    self.init(nqn: export.nqn, nsid: export.nsid, uuid: export.uuid, portals: portals)
  }
}

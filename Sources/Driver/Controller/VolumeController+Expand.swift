internal import Backends
internal import CSI
internal import GRPC

extension VolumeController {
  /// ControllerExpandVolume: never smaller; a retry is told again that the node has to follow, since
  /// nobody here knows whether it has.
  func expandVolume(
    _ request: ControllerExpandVolumeRequest, _ context: ServerContext
  )
    async throws(RPCError) -> ControllerExpandVolumeResponse
  {
    try await answering { () throws(DriverError) in
      try require(.expansion, for: "ControllerExpandVolume")
      let wanted = try objectID(request.volumeID, .volume, field: "volume_id")
      guard request.capacityRange != nil else {
        throw DriverError(.invalidArgument, "capacity_range is missing")
      }
      let range = try request.capacityRange.checked()
      if let capability = request.volumeCapability { _ = try VolumeAccess(supported: capability) }
      guard let id = wanted else {
        throw DriverError(.notFound, "volume \(request.volumeID) does not exist")
      }
      try readiness.check()
      let record = try await readyVolume(id).record
      // An earlier attempt that did not come to its end may have made it larger already.
      let present = max(record.size, record.targetSize ?? 0)
      let size = try backend.size(
        required: range.requiredBytes, limit: range.limitBytes, holding: present,
        of: "the volume", fallback: present)
      if size > record.size {
        try await work.perform(
          .expandVolume(size: size), on: VolumeID(id), deadline: context.answerDeadline
        ) { (_, operation) throws(DriverError) in
          try await expand(id, to: size, operation)
        }
      }
      return ControllerExpandVolumeResponse(
        capacityBytes: try await readyVolume(id).record.size, nodeExpansionRequired: true)
    }
  }

  /// Expands from wherever an earlier attempt stopped: the target size is written down first.
  func expand(
    _ id: ObjectID, to wanted: Int64, _ operation: Operation
  ) async throws(DriverError) {
    let begun = try await operation.step("record") { () async throws(DriverError) in
      var stored = try await readyVolume(id)
      let size = max(wanted, stored.record.targetSize ?? 0, stored.record.size)
      guard stored.record.targetSize != size else { return stored }
      stored.record.targetSize = size
      try await volumes.save(&stored)
      return stored
    }
    var stored = begun
    let size = stored.record.targetSize ?? wanted
    do throws(DriverError) {
      let volume = try await operation.step("backend") { () async throws(BackendError) in
        try await backend.expandVolume(id, toSize: size, deadline: operation.deadline)
      }
      stored.record.size = volume.size
    } catch {
      switch (error.cause as? BackendError)?.code {
      case .invalid, .outOfRange, .exhausted, .notFound, .notOurs, .unsupported, .inUse:
        // Refused, so it has the size it had, and nobody is to try this again at each start.
        stored.record.targetSize = nil
        try await volumes.save(&stored)
      default: break
      }
      throw error
    }
    stored.record.targetSize = nil
    let grown = stored
    try await operation.step("finish") { () async throws(DriverError) in
      var grown = grown
      try await volumes.save(&grown)
    }
  }
}

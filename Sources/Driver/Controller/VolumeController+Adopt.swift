internal import Backends
internal import Logging

extension VolumeController {
  /// Has the backend export the volumes again that it no longer has a record of and that we do: to their
  /// holders, who keep their connections, and to nobody else. Called at start and by upkeep.
  func adoptUnrecorded() async throws(DriverError) {
    guard backend.capabilities.contains(.listing), backend.capabilities.contains(.volumes) else {
      return
    }
    let deadline = ContinuousClock.now + .seconds(120)
    let found = try await translating { () async throws(BackendError) in
      try await backend.volumes(
        try await backend.volumeIDs(deadline: deadline), deadline: deadline)
    }
    // What is damaged is not exported again, and keeps no other from it.
    let unrecorded = found.filter { (try? $0.value.get().isUnrecorded) == true }.keys.sorted()
    guard !unrecorded.isEmpty else { return }
    let known = Set(try await volumes.ids())
    for id in unrecorded where known.contains(id) {
      do throws(DriverError) {
        try await work.perform(.adopt, on: VolumeID(id), deadline: .now + .seconds(300)) {
          (_, operation) throws(DriverError) in
          try await adopt(id, operation)
        }
      } catch {
        logger.error(
          "a volume is not exported: its export record is gone, and it cannot be exported again",
          metadata: ["volume": "\(id)", "reason": "\(error.message)"])
      }
    }
  }

  /// What is being made or deleted sees to its export itself.
  private func adopt(_ id: ObjectID, _ operation: Operation) async throws(DriverError) {
    guard let record = try await volumes.record(of: id)?.record, record.phase == .ready,
      let location = record.location
    else { return }
    let export = Export(
      nqn: location.nqn, nsid: location.nsid, uuid: location.uuid, portals: location.portals,
      allowedHosts: Set(record.holders.values.map(\.host)))
    try await operation.step("backend") { () async throws(BackendError) in
      _ = try await backend.adopt(id, as: export, deadline: operation.deadline)
    }
    logger.notice(
      "a volume whose export record was lost is exported again",
      metadata: [
        "volume": "\(id)", "nodes": "\(record.holders.keys.sorted().joined(separator: ", "))",
      ])
  }
}

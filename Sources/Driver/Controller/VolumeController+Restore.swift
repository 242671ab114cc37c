internal import Backends
internal import Logging

extension VolumeController {
  /// Has the backend make its exports be there again. A volume that does not come back keeps the others
  /// from nothing: it is left to `restorePending`.
  func restore() async throws(DriverError) {
    let left = try await translating { () async throws(BackendError) in
      try await backend.restore(deadline: .now + .seconds(300))
    }
    for (id, error) in left { pending.note(id, error.description) }
    guard !left.isEmpty else { return }
    logger.error(
      "volumes are not exported yet; each is tried again until it is",
      metadata: ["volumes": "\(left.keys.map(\.description).sorted().joined(separator: ", "))"])
  }

  /// Tries again to get back what was not there at start.
  func restorePending() async {
    for id in pending.ids {
      do throws(DriverError) {
        try await work.perform(
          .restoreExport, on: VolumeID(id), deadline: .now + .seconds(60)
        ) { (_, operation) throws(DriverError) in
          try await operation.step("backend") { () async throws(BackendError) in
            try await backend.restore(id, deadline: min(operation.deadline, .now + .seconds(30)))
          }
        }
        pending.remove(id)
        logger.notice("the export is back", metadata: ["volume": "\(id)"])
      } catch {
        // Somebody else has it just now; what they come to is seen the next time.
        guard error.code != .operationPending, pending.note(id, error.message) else { continue }
        logger.error(
          "the volume is not exported; it is tried again",
          metadata: ["volume": "\(id)", "reason": "\(error.message)"])
      }
    }
  }
}

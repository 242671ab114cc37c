internal import Backends
internal import Logging

extension VolumeController {
  /// Has the backend do what may be a long copy, and keeps in the record and the log how far it is.
  func copying<Record: ObjectRecord, Value: Sendable>(
    _ stored: inout ObjectRecords<Record>.Stored, in records: ObjectRecords<Record>, _ work: Work,
    _ body: (@escaping Progress) async throws(BackendError) -> Value
  ) async throws(BackendError) -> Value {
    let begun = stored
    let (outcome, last) = await withTaskGroup(of: ObjectRecords<Record>.Stored.self) { group in
      group.addTask { await keepProgress(of: work, begun, in: records) }
      let outcome: Result<Value, BackendError>
      do throws(BackendError) {
        outcome = .success(try await body { work.advanced($0, $1) })
      } catch {
        outcome = .failure(error)
      }
      group.cancelAll()
      return (outcome, await group.next() ?? begun)
    }
    stored = last
    stored.record.progress = nil
    return try outcome.get()
  }

  /// Every few seconds until it is cancelled; returns the record as it was last written.
  private func keepProgress<Record: ObjectRecord>(
    of work: Work, _ begun: ObjectRecords<Record>.Stored, in records: ObjectRecords<Record>
  ) async -> ObjectRecords<Record>.Stored {
    var stored = begun
    while (try? await Task.sleep(for: .seconds(5))) != nil {
      guard let progress = work.progress, progress != stored.record.progress else { continue }
      logger.info(
        "copying",
        metadata: [
          "object": "\(work.object)", "operation": "\(work.order.name)", "done": "\(progress)",
        ])
      stored.record.progress = progress
      do { try await records.save(&stored) } catch {
        // Whoever wrote in between finds out at the end of the work that it is no longer ours.
        return stored
      }
    }
    return stored
  }

  /// Whether unfinished work has to be written down as this life's before it goes on. Another owner's,
  /// who is alive, is refused.
  func takeOver(_ id: ObjectID, _ owner: inout String) throws(DriverError) -> Bool {
    guard owner != life else { return false }
    guard estate.contains(id) else {
      throw DriverError(
        .operationPending, "\(id): another controller is working on it; try again later")
    }
    owner = life
    return true
  }
}

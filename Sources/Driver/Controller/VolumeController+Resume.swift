internal import Backends
internal import Logging

extension VolumeController {
  /// Has the backend make its exports be there again, and takes over what earlier lives left
  /// unfinished. Called until it succeeds, before any RPC is served.
  func start() async throws(DriverError) {
    try await restore()
    for stored in try await volumes.all(reportingBroken: reportBroken)
    where stored.record.phase != .ready {
      estate.add(stored.record.id)
    }
    for stored in try await snapshots.all(reportingBroken: reportBroken)
    where stored.record.phase != .ready {
      estate.add(stored.record.id)
    }
    // Reserved before anybody can ask for anything else with the same objects.
    try await resume()
    readiness.begin()
  }

  /// Goes on with every piece of work that the records say is unfinished and that nobody works on.
  /// A retry of the RPC that began it joins it.
  func resume() async throws(DriverError) {
    for stored in try await volumes.all(reportingBroken: { _, _ in }) {
      let record = stored.record
      switch record.phase {
      case .creating:
        let (id, name, asked) = (record.id, record.name, record.request)
        resume(.createVolume(asked), id, reading: asked.sources) {
          (work, operation) throws(DriverError) in
          try await create(id, name, asked, work, operation)
        }
      case .deleting:
        let id = record.id
        resume(.deleteVolume, id) { (work, operation) throws(DriverError) in
          try await delete(id, work, operation)
        }
      case .ready:
        guard let size = record.targetSize else { continue }
        let id = record.id
        resume(.expandVolume(size: size), id) { (_, operation) throws(DriverError) in
          try await expand(id, to: size, operation)
        }
      }
    }
    for stored in try await snapshots.all(reportingBroken: { _, _ in }) {
      let (id, name, source) = (stored.record.id, stored.record.name, stored.record.source)
      switch stored.record.phase {
      case .creating:
        resume(.createSnapshot(source: source), id, reading: [VolumeID(source)]) {
          (work, operation) throws(DriverError) in
          try await createSnapshot(id, name, of: source, work, operation)
        }
      case .deleting:
        resume(.deleteSnapshot, id) { (_, operation) throws(DriverError) in
          try await deleteSnapshot(id, operation)
        }
      case .ready: continue
      }
    }
  }

  /// Somebody who works on the object already will see the record himself, or the next round does.
  private func resume(
    _ order: WorkOrder, _ id: ObjectID, reading sources: [VolumeID] = [],
    _ body: @escaping WorkRunner.Body
  ) {
    guard !work.isBusy(VolumeID(id)) else { return }
    guard (try? work.begin(order, on: VolumeID(id), reading: sources, body)) != nil else { return }
    logger.notice(
      "going on with unfinished work", metadata: ["object": "\(id)", "work": "\(order.name)"])
  }
}

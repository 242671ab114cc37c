internal import Backends
internal import CSI
internal import NVMe

/// Volumes that somebody else made, which a backend that makes none serves: their ids are whatever a
/// PersistentVolume says, and all that is kept of them is who has them.
extension VolumeController {
  /// False: every volume is somebody else's.
  var makesVolumes: Bool { backend.capabilities.contains(.volumes) }

  /// Under which id a volume's record is kept; nil when no volume can have the id that was named.
  func volumeID(_ text: String) throws(DriverError) -> ObjectID? {
    let id = try objectID(text, .volume, field: "volume_id")
    guard id == nil, !makesVolumes else { return id }
    _ = try VolumeID(text)
    return ObjectID(.volume, name: text, cluster: configuration.clusterID)
  }

  /// The record of a volume that can be worked with. One that somebody else made gets it when it is
  /// first needed: from the backend's list, or from its volume context; without either it is taken for
  /// one that does not exist.
  func readyVolume(
    _ id: ObjectID, called name: String, context: [String: String],
    deadline: ContinuousClock.Instant
  ) async throws(DriverError) -> ObjectRecords<VolumeRecord>.Stored {
    guard !makesVolumes else { return try await readyVolume(id) }
    if let stored = try await volumes.record(of: id) { return stored }
    if backend.capabilities.contains(.listing) {
      let listed = try await translating { () async throws(BackendError) in
        try await backend.volume(id, deadline: deadline)
      }
      if let listed {
        return volumes.new(
          VolumeRecord(foreign: listed.id, called: name, listed.context, listed.size))
      }
    }
    guard context["nqn"] != nil else {
      throw DriverError(.notFound, "volume \(name) does not exist")
    }
    try SizeLimits.check(context, field: "volume_context")
    _ = try VolumeSource(context: context)
    let own = context.filter { !$0.key.hasPrefix("storage.kubernetes.io/") }
    return volumes.new(VolumeRecord(foreign: id, called: name, own, 0))
  }

  /// ListVolumes of a backend that makes none: what its list has.
  func listForeign(
    _ request: ListVolumesRequest, deadline: ContinuousClock.Instant
  ) async throws(DriverError) -> ListVolumesResponse {
    let start = try PageToken.id(
      request.startingToken, of: .volume, limit: request.maxEntries)
    let ids = try await translating { () async throws(BackendError) in
      try await backend.volumeIDs(deadline: deadline)
    }
    let rest = start.map { start in ids.drop { $0 <= start } } ?? ids[...]
    let page = request.maxEntries == 0 ? rest : rest.prefix(Int(request.maxEntries))
    let found = try await translating { () async throws(BackendError) in
      try await backend.volumes(Array(page), deadline: deadline)
    }
    var entries: [ListVolumesResponse.Entry] = []
    for id in page {
      // Taken off the list a moment ago.
      guard let listed = found[id] else { continue }
      entries.append(await entry(id, listed))
    }
    let isLast = page.count == rest.count
    return ListVolumesResponse(
      entries: entries, nextToken: isLast ? "" : page.last.map { PageToken.after($0) } ?? "")
  }

  /// A listed volume with its holders. That these cannot be read is what is wrong with it.
  private func entry(
    _ id: ObjectID, _ listed: Result<BackendVolume, BackendError>
  ) async -> ListVolumesResponse.Entry {
    let found = try? listed.get()
    var record = VolumeRecord(
      foreign: id, called: id.description, found?.context ?? [:], found?.size ?? 0)
    var listed = listed
    do throws(DriverError) {
      record = try await volumes.record(of: id)?.record ?? record
    } catch {
      reportBroken(id, error)
      listed = .failure(BackendError(.broken, error.message))
    }
    return ListVolumesResponse.Entry(
      volume: volume(of: record), status: status(of: record, listed))
  }
}

extension VolumeRecord {
  /// What is kept of a volume that somebody else made: how nodes connect to it is all of its request.
  fileprivate init(
    foreign id: ObjectID, called name: String, _ context: [String: String], _ size: Int64
  ) {
    self.init(
      id: id, name: name, phase: .ready, owner: "",
      request: Request(
        required: 0, limit: 0, content: .empty, connection: context, parameters: [:], access: []),
      size: size, createdAt: 0)
  }
}

extension BackendVolume {
  /// The volume context that a PersistentVolume of it would have.
  fileprivate var context: [String: String] {
    [
      "nqn": export.nqn.rawValue, "nsid": String(export.nsid), "uuid": export.uuid.description,
      "portals": export.portals.map(\.description).joined(separator: ","),
      "transport": export.portals.first?.transport.rawValue ?? Transport.tcp.rawValue,
    ]
  }
}

internal import JSON
internal import StateStore

/// The stage records, one key per volume. The reservation sees to it that a volume's record has one
/// writer at a time; the store's versions catch whoever gets round it.
struct StageRecords: Sendable {
  private let store: any StateStore
  /// Hears of every record that is read at start, saved or removed.
  private let nodes: PublishedNodes?

  init(_ store: any StateStore, nodes: PublishedNodes? = nil) {
    self.store = store
    self.nodes = nodes
  }

  /// The volume's record; nil when there is none. One that cannot be read is an error: what it would
  /// have said is not guessed.
  func record(of volume: VolumeID) async throws(DriverError) -> StageRecord? {
    guard let stored = try await get(volume) else { return nil }
    return try decode(stored, volume.rawValue)
  }

  /// Every record that can be read; the others are reported.
  func all(
    reportingBroken report: (_ key: String, _ reason: String) -> Void
  ) async throws(DriverError) -> [StageRecord] {
    let keys: [String]
    do { keys = try await store.keys() } catch {
      throw DriverError(.internal, "read the stage records: \(error)", cause: error)
    }
    var records: [StageRecord] = []
    for key in keys {
      do throws(DriverError) {
        if let record = try await record(of: VolumeID(key)) {
          nodes?.note(record)
          records.append(record)
        }
      } catch {
        report(key, error.message)
      }
    }
    return records
  }

  /// Every volume that has a record, readable or not; nil when the store does not answer.
  func volumes() async -> [VolumeID]? {
    (try? await store.keys())?.compactMap { try? VolumeID($0) }
  }

  /// Durable on return.
  func save(_ record: StageRecord) async throws(DriverError) {
    let bytes = Array(record.json.serialized(pretty: true).utf8)
    let version = try await get(record.volume)?.version
    do {
      _ = try await store.put(record.volume.rawValue, bytes, ifVersion: version)
    } catch {
      throw DriverError(
        .internal, "volume \(record.volume): save its stage record: \(error)", cause: error)
    }
    nodes?.note(record)
  }

  /// Gone durably on return; none there is fine.
  func remove(_ volume: VolumeID) async throws(DriverError) {
    guard let version = try await get(volume)?.version else { return }
    do {
      try await store.delete(volume.rawValue, ifVersion: version)
    } catch {
      throw DriverError(
        .internal, "volume \(volume): remove its stage record: \(error)", cause: error)
    }
    nodes?.forget(volume)
  }

  private func get(_ volume: VolumeID) async throws(DriverError) -> StoredValue? {
    do { return try await store.get(volume.rawValue) } catch .invalidKey {
      throw DriverError(
        .invalidArgument,
        "volume_id \(volume) is too long for a file's name: what is no letter, digit, - or _ counts "
          + "three times")
    } catch {
      throw DriverError(.internal, "volume \(volume): its stage record: \(error)", cause: error)
    }
  }

  private func decode(_ stored: StoredValue, _ key: String) throws(DriverError) -> StageRecord {
    do {
      return try StageRecord(json: JSONValue.parse(stored.bytes))
    } catch {
      throw DriverError(
        .internal,
        "volume \(key): its stage record cannot be understood: \(error). Nothing is done for the "
          + "volume until it is repaired or removed",
        cause: error)
    }
  }
}

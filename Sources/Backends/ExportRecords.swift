internal import StateStore

/// The export records, one key per volume: `exports/<volume id>`. Calls about one volume come one after
/// another; the store's versions catch whoever gets round that, such as a second controller.
struct ExportRecords: Sendable {
  private let store: any StateStore
  private static let prefix = "exports/"

  init(_ store: any StateStore) { self.store = store }

  /// A record and the version it was read at.
  struct Stored: Sendable {
    var record: ExportRecord
    let version: UInt64
  }

  /// The volume's record; nil when there is none. `broken` when it cannot be read: what it would have
  /// said is not guessed.
  func record(of volume: ObjectID) async throws(BackendError) -> Stored? {
    let stored: StoredValue?
    do throws(StateStoreError) {
      stored = try await store.get(Self.prefix + volume.description)
    } catch {
      throw Self.error(volume, "read", error)
    }
    guard let stored else { return nil }
    do {
      return Stored(record: try ExportRecord(stored.bytes, of: volume), version: stored.version)
    } catch {
      throw BackendError(
        .broken,
        "volume \(volume): its export record cannot be understood: \(error). Nothing is done for it "
          + "until the record is repaired or removed")
    }
  }

  /// Durable on return.
  func save(
    _ record: ExportRecord, over stored: Stored?
  ) async throws(BackendError) -> Stored {
    guard stored?.record != record else { return stored ?? Stored(record: record, version: 0) }
    do throws(StateStoreError) {
      let version = try await store.put(
        Self.prefix + record.volume.description, record.bytes, ifVersion: stored?.version)
      return Stored(record: record, version: version)
    } catch {
      throw Self.error(record.volume, "save", error)
    }
  }

  /// Gone durably on return.
  func remove(_ stored: Stored) async throws(BackendError) {
    let volume = stored.record.volume
    do throws(StateStoreError) {
      try await store.delete(Self.prefix + volume.description, ifVersion: stored.version)
    } catch {
      throw Self.error(volume, "remove", error)
    }
  }

  /// Every volume that has a record, readable or not, sorted.
  func volumes() async throws(BackendError) -> [ObjectID] {
    do throws(StateStoreError) {
      return try await store.keys(beginningWith: Self.prefix)
        .compactMap { ObjectID(String($0.dropFirst(Self.prefix.count))) }.sorted()
    } catch {
      throw BackendError(.unavailable, "list the export records", cause: error)
    }
  }

  private static func error(
    _ volume: ObjectID, _ action: String, _ error: StateStoreError
  ) -> BackendError {
    let code: BackendError.Code =
      switch error {
      case .broken: .broken
      case .locked, .failed: .unavailable
      case .conflict, .invalidKey, .tooLarge: .failed
      }
    return BackendError(code, "volume \(volume): \(action) its export record", cause: error)
  }
}

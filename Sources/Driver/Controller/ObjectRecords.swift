internal import Backends
internal import JSON
internal import StateStore

/// A record of the controller: one key, one JSON text.
protocol ObjectRecord: Hashable, Sendable {
  /// What its keys begin with, without the slash.
  static var folder: String { get }
  /// Of the objects that such records are of.
  static var kind: ObjectID.Kind { get }
  var id: ObjectID { get }
  /// How far a copy is.
  var progress: CopyProgress? { get set }
  var json: JSONValue { get }
  init(json: JSONValue) throws
}

/// The controller's records of one kind, at `<folder>/<id>`. Every write says which version was read:
/// whoever is overtaken fails with `operationPending` and has changed nothing.
struct ObjectRecords<Record: ObjectRecord>: Sendable {
  /// A record and the version it was read or written at.
  struct Stored: Sendable {
    var record: Record
    fileprivate(set) var version: UInt64?
  }

  private let store: any StateStore

  init(_ store: any StateStore) { self.store = store }

  /// The object's record; nil when there is none. One that cannot be read is an error: what it would
  /// have said is not guessed.
  func record(of id: ObjectID) async throws(DriverError) -> Stored? {
    let found: StoredValue?
    do { found = try await store.get(key(id)) } catch {
      throw DriverError("\(id): read its record", error)
    }
    guard let found else { return nil }
    do {
      let record = try Record(json: JSONValue.parse(found.bytes))
      guard record.id == id else { throw RecordError("it is the record of \(record.id)") }
      return Stored(record: record, version: found.version)
    } catch {
      throw DriverError(
        .internal,
        "\(id): its record cannot be understood: \(error). Nothing is done for it until the record "
          + "is repaired or removed",
        cause: error)
    }
  }

  /// A record that is not in the store yet.
  func new(_ record: Record) -> Stored { Stored(record: record, version: nil) }

  /// Durable on return.
  func save(_ stored: inout Stored) async throws(DriverError) {
    let id = stored.record.id
    let bytes = Array(stored.record.json.serialized(pretty: true).utf8)
    do {
      stored.version = try await store.put(key(id), bytes, ifVersion: stored.version)
    } catch {
      throw DriverError("\(id): save its record", error)
    }
  }

  /// Gone durably on return.
  func remove(_ stored: Stored) async throws(DriverError) {
    guard let version = stored.version else { return }
    do {
      try await store.delete(key(stored.record.id), ifVersion: version)
    } catch {
      throw DriverError("\(stored.record.id): remove its record", error)
    }
  }

  /// The ids of all records, readable or not, sorted.
  func ids() async throws(DriverError) -> [ObjectID] {
    let prefix = "\(Record.folder)/"
    let keys: [String]
    do { keys = try await store.keys(beginningWith: prefix) } catch {
      throw DriverError("list the records of \(Record.folder)", error)
    }
    return keys.compactMap { ObjectID(String($0.dropFirst(prefix.count))) }.sorted()
  }

  /// Every record that can be read, sorted by id; the others are reported.
  func all(
    reportingBroken report: (_ id: ObjectID, _ error: DriverError) -> Void
  ) async throws(DriverError) -> [Stored] {
    var records: [Stored] = []
    for id in try await ids() {
      do throws(DriverError) {
        if let record = try await record(of: id) { records.append(record) }
      } catch {
        report(id, error)
      }
    }
    return records
  }

  private func key(_ id: ObjectID) -> String { "\(Record.folder)/\(id)" }
}

extension DriverError {
  /// What the store said about doing `action`. A write that failed may have happened or not: the
  /// caller is told to try again, and the next attempt reads what is there.
  init(_ action: String, _ error: StateStoreError) {
    let code: Code =
      switch error {
      case .conflict: .operationPending
      case .failed, .locked: .unavailable
      case .broken, .invalidKey, .tooLarge: .internal
      }
    self.init(code, "\(action): \(error)", cause: error)
  }
}

internal import NVMe

/// How far each volume is on its way back.
struct Restoration: Sendable {
  /// Everything of these is there but perhaps their links at the ports.
  private(set) var prepared: [ObjectID: ExportRecords.Stored] = [:]
  /// Of these somebody has to be cut who is not allowed any more.
  private(set) var toCut: Set<ObjectID> = []
  /// What keeps the rest.
  private(set) var obstacles: [ObjectID: BackendError] = [:]
  /// Of the rest what is known of them.
  private var records: [ObjectID: ExportRecord] = [:]

  /// A step of one volume.
  enum Step: Sendable {
    case prepared(ExportRecords.Stored, hadStrangers: Bool)
    case failed(BackendError, ExportRecord?)
  }

  mutating func take(_ step: Step, of id: ObjectID) {
    switch step {
    case .prepared(let stored, let hadStrangers):
      prepared[id] = stored
      obstacles[id] = nil
      if hadStrangers || !stored.record.cutting.isEmpty { toCut.insert(id) }
    case .failed(let error, let record):
      obstacles[id] = error
      records[id] = record
    }
  }

  /// What a call about prepared volumes came to.
  mutating func take(_ results: [ObjectID: Result<Void, BackendError>]) {
    for (id, result) in results {
      switch result {
      case .success: obstacles[id] = nil
      case .failure(let error): obstacles[id] = error
      }
    }
  }

  /// In the order of their ids.
  var ready: [ExportRecord] { prepared.values.map(\.record).sorted { $0.volume < $1.volume } }

  /// Another try may mend these, sorted.
  var unprepared: [ObjectID] {
    obstacles.filter { prepared[$0.key] == nil && Self.mayPass($0.value) }.keys.sorted()
  }

  /// Prepared ones that could not be linked.
  var unlinked: [ObjectID] { obstacles.keys.filter { prepared[$0] != nil }.sorted() }

  /// Those for whose hosts it is worth keeping ports closed: not where all listen already.
  func awaited(beside listening: Set<TransportAddress>) -> [ObjectID] {
    unprepared.filter { id in
      // Of one whose record could not be read, nobody knows.
      guard let record = records[id] else { return true }
      return !record.hosts.isEmpty && !listening.isSuperset(of: record.portals)
    }
  }

  /// Whose hosts are refused as soon as something listens.
  var refused: [ObjectID] {
    obstacles.keys.filter { id in
      prepared[id] == nil && records[id].map { !$0.hosts.isEmpty } ?? true
    }.sorted()
  }

  /// Damage does not pass by itself, and is not waited for.
  private static func mayPass(_ error: BackendError) -> Bool {
    switch error.code {
    case .unavailable, .timedOut, .failed: true
    default: false
    }
  }
}

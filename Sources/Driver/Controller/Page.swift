internal import Backends

/// Part of a listing in the order of ids. Its token says after which id the next part begins, so it
/// stays good whatever is made or deleted between two pages.
struct Page<Record: ObjectRecord>: Sendable {
  var entries: [Record] = []
  /// Empty: there are no more.
  var nextToken = ""
  /// Every record was looked at, not a part.
  var isWhole = false

  private static var prefix: String { "after:" }

  /// At most `limit` of those records that `isWanted`, 0 for all, after the token's id. A record that
  /// cannot be read is reported and left out, so that the others can be seen.
  init(
    of records: ObjectRecords<Record>, limit: Int32, token: String,
    where isWanted: (Record) -> Bool,
    reportingBroken report: (_ id: ObjectID, _ error: DriverError) -> Void
  ) async throws(DriverError) {
    guard limit >= 0 else {
      throw DriverError(.invalidArgument, "max_entries must not be negative")
    }
    var start: ObjectID?
    if !token.isEmpty {
      guard token.hasPrefix(Self.prefix),
        let id = ObjectID(String(token.dropFirst(Self.prefix.count)))
      else {
        throw DriverError(
          .invalidToken, "starting_token is not one of ours: list again from the start")
      }
      start = id
    }
    let ids = try await records.ids()
    isWhole = limit == 0 && start == nil
    for id in ids {
      if let start, id <= start { continue }
      let record: Record
      do throws(DriverError) {
        guard let found = try await records.record(of: id)?.record, isWanted(found) else {
          continue
        }
        record = found
      } catch {
        report(id, error)
        continue
      }
      if limit > 0, entries.count == Int(limit) {
        nextToken = entries.last.map { "\(Self.prefix)\($0.id)" } ?? ""
        return
      }
      entries.append(record)
    }
  }
}

internal import Backends

/// Part of a listing in the order of ids.
struct Page<Record: ObjectRecord>: Sendable {
  var entries: [Record] = []
  /// Empty: there are no more.
  var nextToken = ""

  /// At most `limit` of those records that `isWanted`, 0 for all, after the token's id. A record that
  /// cannot be read is reported and left out, so that the others can be seen.
  ///
  /// Of all records the names are listed; read are those of the page, the one after it, and what is not
  /// wanted between them.
  init(
    of records: ObjectRecords<Record>, limit: Int32, token: String,
    where isWanted: (Record) -> Bool,
    reportingBroken report: (_ id: ObjectID, _ error: DriverError) -> Void
  ) async throws(DriverError) {
    let start = try PageToken.id(token, of: Record.kind, limit: limit)
    let ids = try await records.ids()
    for id in start.map({ start in ids.drop { $0 <= start } }) ?? ids[...] {
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
        nextToken = entries.last.map { PageToken.after($0.id) } ?? ""
        return
      }
      entries.append(record)
    }
  }
}

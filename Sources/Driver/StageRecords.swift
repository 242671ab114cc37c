internal import StateStore

struct StageRecords: Sendable {
  let store: any StateStore
  init(_ store: any StateStore) { self.store = store }
  func record(of volume: VolumeID) throws(DriverError) -> StageRecord? { nil }
  func all(reportingBroken: (String, String) -> Void = { _, _ in }) throws(DriverError) -> [StageRecord] { [] }
  func save(_ record: StageRecord) throws(DriverError) {}
  func remove(_ volume: VolumeID) throws(DriverError) {}
}

public struct StateStoreError: Error {}
public protocol StateStore: Sendable {
  func get(_ key: String) throws(StateStoreError) -> (value: [UInt8], version: UInt64)?
}
public struct FileStateStore: StateStore {
  public init(directory: String) throws(StateStoreError) {}
  public func get(_ key: String) throws(StateStoreError) -> (value: [UInt8], version: UInt64)? { nil }
}

/// A uevent, as plain values.
public struct UdevEvent: Hashable, Sendable {
  public let action: String
  public let subsystem: String
  public let sysfsPath: String
  public let properties: [String: String]
}

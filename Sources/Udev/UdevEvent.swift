/// A uevent, as plain values.
///
/// It is a hint that something changed, never the truth about it: by the time it is read the device
/// may be gone, or its name may be another's.
public struct UdevEvent: Hashable, Sendable {
  /// `add`, `remove`, `change`, `bind`, …
  public let action: String
  /// `block`, `nvme`, `nvme-subsystem`, …
  public let subsystem: String
  /// `/sys/devices/…`, with links resolved.
  public let sysfsPath: String
  /// What the kernel sent, and what udev knows beyond it: `DEVNAME`, `NVME_EVENT`, `SEQNUM`, …
  public let properties: [String: String]

  /// Puts an event together; for fakes as well.
  public init(
    action: String, subsystem: String, sysfsPath: String, properties: [String: String] = [:]
  ) {
    self.action = action
    self.subsystem = subsystem
    self.sysfsPath = sysfsPath
    self.properties = properties
  }
}

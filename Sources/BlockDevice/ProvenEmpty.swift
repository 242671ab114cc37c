public import Linux

/// Proof that a device held nothing.  Made only by `BlockDevices.content`, and by whoever can answer for
/// a format of the driver's own that was cut short.
public struct ProvenEmpty: Hashable, Sendable {
  /// The device that was empty.
  public let device: DeviceNumber
  /// Its size then, bytes.
  public let size: UInt64
  /// Not empty, but holding half of our own mkfs: then zeros are not asked for again.
  let resumes: Bool

  init(readFrom scan: RegionScan) {
    device = scan.device
    size = scan.size
    resumes = false
  }

  /// For a device on which a durable record says that this driver was formatting it, and on which
  /// nothing that anybody can name was found.
  public init(resumingFormatOf device: BlockDevice) {
    self.device = device.number
    size = device.size
    resumes = true
  }
}

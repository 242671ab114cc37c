internal import CLinux

/// A block or character device's number as the kernel writes it, `major:minor`.
///
/// It names a device only for as long as that device lives: the kernel gives the number of a namespace
/// that went to the next one that comes (measured), so it is never kept as an identity.
public struct DeviceNumber: Hashable, Sendable, CustomStringConvertible {
  /// The driver's number; 259 for NVMe's block devices.
  public let major: UInt32
  /// The device's number within its driver.
  public let minor: UInt32

  /// No device's number, and none that the kernel will ever give to one: a driver that asks for any
  /// major number gets one above 0 (register_blkdev, block/genhd.c), so opening a block node of it
  /// fails with ENXIO for ever.
  public static let nowhere = DeviceNumber(major: 0, minor: 0)

  /// Puts a number together from its two parts.
  public init(major: UInt32, minor: UInt32) {
    self.major = major
    self.minor = minor
  }

  /// Parses `259:1`, sysfs's `dev` attribute; a final newline is fine, anything else is not.
  public init?(_ text: String) {
    var text = text[...]
    if text.hasSuffix("\n") { text.removeLast() }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2,
      parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
      let major = UInt32(parts[0]), let minor = UInt32(parts[1])
    else { return nil }
    self.init(major: major, minor: minor)
  }

  /// Takes apart a `dev_t` as stat(2) gives it.
  init(raw: UInt64) {
    self.init(major: clinux_major(raw), minor: clinux_minor(raw))
  }

  /// The `dev_t` for mknod(2).
  var raw: UInt64 { clinux_makedev(major, minor) }

  /// `259:1`
  public var description: String { "\(major):\(minor)" }
}

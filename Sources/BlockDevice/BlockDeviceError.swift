/// What could not be done to a block device, and why.
public struct BlockDeviceError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What the caller may do about it.
  public enum Code: Hashable, Sendable {
    /// The work was given up at its deadline; what hangs in the kernel may still happen.
    case deadlineExceeded
    /// The device is gone or cannot be read, or too much hangs to try: later it may do.
    case ioError
    /// Somebody holds the device: a mount, a mapping, another exclusive open.
    case inUse
    /// The path leads to another device than was identified.
    case wrongDevice
    /// The device does not have the size that was identified.
    case wrongSize
    /// A program that this needs is not installed.
    case programMissing
    /// The file system needs a human: `e2fsck -p` did not dare to repair it.
    case fileSystemDamaged
    /// What is there is not ours to change, or the program said no.
    case refused
    /// Device nodes do not work on this file system: it is mounted `nodev`.
    case noDevices
    /// Anything else.
    case other
  }

  /// What the caller may do about it.
  public let code: Code
  /// Names the thing, the action and the cause.
  public let message: String

  /// Describes a failure.
  public init(code: Code, message: String) {
    self.code = code
    self.message = message
  }

  /// The message.
  public var description: String { message }
}

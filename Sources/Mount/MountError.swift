internal import Linux
internal import SystemPackage

/// Why a mount could not be made, changed or removed.
public struct MountError: Error, Sendable, CustomStringConvertible {
  /// What kind of failure it is, as far as the caller has to tell them apart.
  public enum Code: Hashable, Sendable {
    /// Open files, working directories or mounts below keep it.
    case busy
    /// The deadline passed, or there was no room for another call until then.
    case deadlineExceeded
    /// The device, or the driver behind it, is not there.
    case noSuchDevice
    /// The file system, or the operator's option, is none that the kernel takes.
    case badOption
    /// The device does not hold a file system of the type asked for.
    case wrongFileSystem
    /// The device could not be read, or its file system is damaged.
    case ioError
    /// The kernel said that it is unmounted, and mountinfo says that it is not.
    case stillMounted
    /// The kernel refuses: rights, or a read-only device.
    case notAllowed
    /// Something else is mounted where this mount should be.
    case conflict
    /// None of these.
    case other
  }

  /// What kind of failure it is.
  public let code: Code
  /// Names the action, the device, the mount point, and the kernel's reason.
  public let message: String
  /// The message.
  public var description: String { message }

  /// Makes an error; for fakes as well.
  public init(code: Code, message: String) {
    self.code = code
    self.message = message
  }
}

extension MountError {
  /// How a failed call reads for an action such as `mount /dev/nvme0n1 at /x`.
  init(_ action: String, _ error: IsolatedCallError) {
    switch error {
    case .failed(let error):
      self.init(action, error)
    case .deadlineExceeded(_, _, let stuck):
      let state =
        stuck
        ? "its process does not die: it sits in the kernel, and may still do it"
        : "its process was killed"
      self.init(code: .deadlineExceeded, message: "\(action): deadline exceeded; \(state)")
    case .tooMany:
      self.init(code: .deadlineExceeded, message: "\(action): not begun: \(error)")
    }
  }

  /// How a failed system call reads for an action.
  init(_ action: String, _ error: SystemCallError) {
    self.init(
      code: Code(error), message: "\(action): \(error.call): \(error.errno)\(Self.hint(error))")
  }

  private static func hint(_ error: SystemCallError) -> String {
    error.errno == .tooManySymbolicLinkLevels ? " (a component of the path is a symbolic link)" : ""
  }
}

extension MountError.Code {
  /// What an errno says whatever the call was on.
  init(_ error: SystemCallError) {
    self =
      switch error.errno {
      case .resourceBusy: .busy
      // The walk to the mount point, not the device.
      case .noSuchFileOrDirectory where error.call == "openat2": .other
      case .noSuchAddressOrDevice, .operationNotSupportedByDevice, .noSuchFileOrDirectory,
        .notBlockDevice:
        .noSuchDevice
      case .ioError, Self.needsCleaning, Self.badChecksum, Self.remoteIO, Self.linkSevered: .ioError
      case .notPermitted, .permissionDenied, .readOnlyFileSystem: .notAllowed
      default: .other
      }
  }

  /// EUCLEAN, which ext4 and xfs give for a damaged file system; EBADMSG for a wrong checksum; what
  /// the block layer gives for a target that failed (EREMOTEIO) and for a path that is gone (ENOLINK).
  private static let needsCleaning = Errno(rawValue: 117)
  private static let badChecksum = Errno(rawValue: 74)
  private static let remoteIO = Errno(rawValue: 121)
  private static let linkSevered = Errno(rawValue: 67)
}

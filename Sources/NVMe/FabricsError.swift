/// Why a subsystem could not be connected or disconnected.
public struct FabricsError: Error, Sendable, CustomStringConvertible {
  /// What kind of failure.
  public enum Code: Hashable, Sendable {
    case refused, unreachable
    /// The portal was given its time and did not answer; `timedOut` is whatever else took too long,
    /// on this machine for instance, or the caller's own deadline.
    case silent
    case timedOut, unknownSubsystem, hostNotAllowed, authentication
    case noKernelModule, noNVMeCLI, identityConflict, invalidArgument, notOurs, stillPresent, busy
    case other
  }

  /// Whether the portal as such cannot be had: what befalls one subsystem there befalls them all.
  public var concernsPortal: Bool {
    switch code {
    case .refused, .unreachable, .silent: true
    default: false
    }
  }

  /// For programs.
  public let code: Code
  /// For people: NQN, portal and the reason in the kernel's words.
  public let message: String
  /// The message.
  public var description: String { message }

  /// An error with this text.
  public init(code: Code, message: String) {
    self.code = code
    self.message = message
  }
}

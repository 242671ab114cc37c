/// Why a subsystem could not be connected or disconnected.
public struct FabricsError: Error, Sendable, CustomStringConvertible {
  /// What kind of failure.
  public enum Code: Hashable, Sendable {
    case refused, unreachable, timedOut, unknownSubsystem, hostNotAllowed, authentication
    case noKernelModule, noNVMeCLI, identityConflict, invalidArgument, notOurs, stillPresent, busy
    case other
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

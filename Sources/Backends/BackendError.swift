/// Why a backend did not do what it was asked.
public struct BackendError: Error, CustomStringConvertible {
  /// What kind of failure, for the caller to decide on.
  public enum Code: Hashable, Sendable {
    /// A parameter, a size or a name is wrong: the same call fails again.
    case invalid
    /// No storage of this kind can have that size, whatever room there is.
    case outOfRange
    /// The volume, snapshot or content source is not there.
    case notFound
    /// There is one of this name that is something else.
    case alreadyExists
    /// No room.
    case exhausted
    /// Hosts are allowed, or other objects depend on it.
    case inUse
    /// It does not carry our mark.
    case notOurs
    /// The backend cannot do this at all.
    case unsupported
    /// The storage cannot be reached or is not fit to work now: not mounted, read-only, no configfs.
    case unavailable
    /// The deadline passed first; how far it came is known only after looking.
    case timedOut
    /// State that was written is damaged: somebody must look.
    case broken
    /// Anything else that went wrong.
    case failed
  }

  /// What kind of failure.
  public let code: Code
  /// Names the object, the action and what to do.
  public let message: String
  /// What it rests on.
  public let cause: (any Error)?

  /// All of it.
  public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }

  /// The message, and the cause's.
  public var description: String {
    guard let cause else { return message }
    return "\(message): \(cause)"
  }
}

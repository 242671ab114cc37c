/// How a program ended and what it said.
public struct CommandOutput: Hashable, Sendable {
  /// How a process ended.
  public enum Termination: Hashable, Sendable {
    /// By itself, with an exit code.
    case exited(Int32)
    /// By a signal that was not the deadline's.
    case signaled(Int32)
  }

  /// How it ended.
  public let termination: Termination
  /// Standard output and standard error, each as far as the executor's limit; what goes beyond is
  /// replaced by `…[truncated]`, bytes that are no UTF-8 by U+FFFD.
  public let standardOutput: String, standardError: String
  /// From the call to the end of the process, time in the queue included.
  public let duration: Duration

  /// Whether the program exited with code 0.
  public var succeeded: Bool { termination == .exited(0) }

  /// An output that no program wrote: for fakes.
  public init(
    termination: Termination, standardOutput: String, standardError: String, duration: Duration
  ) {
    self.termination = termination
    self.standardOutput = standardOutput
    self.standardError = standardError
    self.duration = duration
  }
}

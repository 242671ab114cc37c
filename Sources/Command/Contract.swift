public import Linux

/// A program to run: never through a shell.
public struct Command: Sendable, CustomStringConvertible {
  /// A name looked up in PATH, or an absolute path.
  public var program: String
  public var arguments: [String]
  /// Bytes for standard input; none means /dev/null.
  public var input: [UInt8]
  /// Added to (not replacing) a minimal environment: PATH, LC_ALL=C.
  public var environment: [String: String]
  public init(
    _ program: String, _ arguments: [String] = [], input: [UInt8] = [],
    environment: [String: String] = [:]
  ) {
    self.program = program
    self.arguments = arguments
    self.input = input
    self.environment = environment
  }
  public var description: String { ([program] + arguments).joined(separator: " ") }
}

public struct CommandOutput: Hashable, Sendable {
  public enum Termination: Hashable, Sendable {
    case exited(Int32)
    case signaled(Int32)
  }
  public let termination: Termination
  public let standardOutput: String
  public let standardError: String
  public let duration: Duration
  public var succeeded: Bool { termination == .exited(0) }
  public init(
    termination: Termination, standardOutput: String, standardError: String, duration: Duration
  ) {
    self.termination = termination
    self.standardOutput = standardOutput
    self.standardError = standardError
    self.duration = duration
  }
}

public enum CommandError: Error, Hashable, Sendable {
  case notFound(program: String)
  case launchFailed(program: String, reason: String)
  /// The deadline passed and the process group was killed. `stuck`: it has not died, it sits in the kernel.
  case deadlineExceeded(program: String, after: Duration, stuck: Bool)
  /// Too many programs are running or stuck.
  case tooMany(running: Int)
  /// The executor is not running (not started, or shut down).
  case notRunning
}

public protocol CommandRunner: Sendable {
  func run(
    _ command: Command, deadline: ContinuousClock.Instant
  ) async throws(CommandError)
    -> CommandOutput
}

/// Runs programs in process groups of their own, each under a deadline that kills the group. A child that does not die is left behind and accounted; the caller gets its answer all the same.
/// `run()` owns all children's tasks: nothing runs before it is called or after it returned.
public final class CommandExecutor: CommandRunner {
  public init(limit: Int = 64, outputLimit: Int = 1 << 20) { fatalError() }
  /// Serves until cancelled; then kills what still runs, waits `grace` at most... and returns.
  public func run() async { fatalError() }
  public func run(
    _ command: Command, deadline: ContinuousClock.Instant
  )
    async throws(CommandError) -> CommandOutput
  { fatalError() }
  public var stuck: [StuckChild] { fatalError() }
}

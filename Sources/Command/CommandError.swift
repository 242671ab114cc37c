/// Why a program gave no output.  A program that ran and failed is no error here: see
/// `CommandOutput.termination`.
public enum CommandError: Error, Hashable, Sendable, CustomStringConvertible {
  /// There is no such program.
  case notFound(program: String)
  /// It could not be started.
  case launchFailed(program: String, reason: String)
  /// The deadline passed and the process group was killed.  `stuck`: it has not died, it sits in the
  /// kernel, and what it was told to do may still happen.
  case deadlineExceeded(program: String, after: Duration, stuck: Bool)
  /// The deadline passed.  The program runs to its end (`Command.runsToItsEnd`) as this process, and what
  /// it was told to do may still happen.
  case goesOn(program: String, after: Duration, processID: Int32)
  /// Too many programs are running or stuck.
  case tooMany(running: Int)
  /// The executor is not running (not started, or shut down, which kills what still runs and may be
  /// killed).
  case notRunning

  /// Names the program and what is the matter.
  public var description: String {
    switch self {
    case .notFound(let program):
      return "\(program): program not found"
    case .launchFailed(let program, let reason):
      return "\(program): cannot be started: \(reason)"
    case .deadlineExceeded(let program, let duration, let stuck):
      let state = stuck ? "it does not die, it sits in the kernel" : "it was killed"
      return "\(program): deadline exceeded after \(duration), \(state)"
    case .goesOn(let program, let duration, let processID):
      return "\(program): deadline exceeded after \(duration), it goes on as process \(processID)"
    case .tooMany(let running):
      return "\(running) programs are stuck or running already"
    case .notRunning:
      return "programs are not run any more, or not yet"
    }
  }
}

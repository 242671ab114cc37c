/// A program to run: never through a shell.
public struct Command: Sendable, CustomStringConvertible {
  /// A name looked up in PATH, or a path with a slash in it.
  public var program: String
  /// What follows the program's name.  Everybody on the machine can read it: no secrets here.
  public var arguments: [String]
  /// Bytes for standard input; none means /dev/null.
  public var input: [UInt8]
  /// Added to (not replacing) a minimal environment: PATH, LC_ALL=C.  Nothing is inherited.
  public var environment: [String: String]
  /// Nobody kills it: it has a session of its own, does not end with this process, the deadline ends
  /// only the waiting for it, and so does the executor's end.  For a program that does more harm in the
  /// middle than late.  What it was told to do may happen long after its caller was answered.
  public var runsToItsEnd: Bool

  /// Describes a program to run.
  public init(
    _ program: String, _ arguments: [String] = [], input: [UInt8] = [],
    environment: [String: String] = [:], runsToItsEnd: Bool = false
  ) {
    self.program = program
    self.arguments = arguments
    self.input = input
    self.environment = environment
    self.runsToItsEnd = runsToItsEnd
  }

  /// The program and its arguments, for people; not quoted for a shell.
  public var description: String { ([program] + arguments).joined(separator: " ") }
}

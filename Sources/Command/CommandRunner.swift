/// Runs programs.
public protocol CommandRunner: Sendable {
  /// Runs a program to its end, or kills it at the deadline, unless it runs to its end.
  func run(
    _ command: Command, deadline: ContinuousClock.Instant
  ) async throws(CommandError) -> CommandOutput
}

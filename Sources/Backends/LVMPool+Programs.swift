internal import Command
internal import Synchronization

extension LVMPool {
  /// Whoever has one begun that changes something waits so long for it, whatever the deadline: what became
  /// of it is worth more than an early answer that says that nobody knows.
  private static let patience: Duration = .seconds(60)
  /// And no longer than this, however long the copy may take that it is part of: one that has not ended by
  /// then hangs, and whoever waits is told.
  private static let limit: Duration = .seconds(600)

  /// Runs a program that changes something; its failure is an error with what it said.
  ///
  /// Nothing kills it, neither the deadline nor the end of this process. To take a snapshot LVM suspends
  /// the origin, writes its metadata and resumes the origin: killed in between it leaves every host's I/O
  /// waiting, for as long as nobody looks. One that hangs before it has suspended anything would do no
  /// harm by dying, but from outside nobody can tell it from the other, and one that hangs in the kernel
  /// does not die. So the deadline ends the waiting alone. What is done late is no surprise either: while it
  /// works it has the group's lock, and our surveys wait for that; while it waits for the lock itself, see
  /// `requireNobodyAtWork`.
  func run(
    _ program: String, _ arguments: [String], deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    guard ContinuousClock.now < deadline else {
      throw BackendError(.timedOut, "\(program): time was over before it was run")
    }
    let command = Command(program, arguments, runsToItsEnd: true)
    let output = try await output(
      command, deadline: min(max(deadline, .now + Self.patience), .now + Self.limit))
    guard output.succeeded else { throw Self.failure(command, output) }
  }

  /// What `vgs` or `lvs` says of the volume group. A partial report is an error.
  func report<Row>(
    _ program: String, _ fields: [String], _ deadline: ContinuousClock.Instant,
    _ parse: (String) throws(LVMReport.Broken) -> [Row]
  ) async throws(BackendError) -> [Row] {
    let command = Command(
      program,
      [
        "--reportformat", "json", "--units", "b", "--nosuffix", "--options",
        fields.joined(separator: ","), configuration.volumeGroup,
      ])
    let output = try await output(command, deadline: min(deadline, .now + Self.patience))
    guard output.succeeded else {
      throw BackendError(
        .unavailable, "\(command): \(Self.text(output.standardError))")
    }
    do {
      return try parse(output.standardOutput)
    } catch {
      throw BackendError(.broken, "\(command): its report cannot be read: \(error.reason)")
    }
  }

  private func output(
    _ command: Command, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> CommandOutput {
    try await launch(try await passingOverFabrics(command, deadline: deadline), deadline: deadline)
  }

  /// As it is.
  func launch(
    _ command: Command, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> CommandOutput {
    do {
      return try await runner.run(command, deadline: deadline)
    } catch {
      switch error {
      case .deadlineExceeded:
        throw BackendError(.timedOut, "\(command)", cause: error)
      case .goesOn:
        state.withLock { $0.leftAtWork += 1 }
        throw BackendError(.timedOut, "\(command)", cause: error)
      case .notFound:
        throw BackendError(.unavailable, "install lvm2 where the pool is", cause: error)
      case .launchFailed, .tooMany, .notRunning:
        throw BackendError(.failed, "\(command)", cause: error)
      }
    }
  }

  /// The text only decides between codes: what is true is read again by the next call.
  private static func failure(_ command: Command, _ output: CommandOutput) -> BackendError {
    let text = text(output.standardError)
    let code: BackendError.Code =
      if text.contains("insufficient free") || text.contains("nsufficient suitable") {
        .exhausted
      } else if text.contains(" in use") {
        .inUse
      } else {
        .failed
      }
    return BackendError(code, "\(command): \(text)")
  }

  private static func text(_ standardError: String) -> String {
    standardError.split(separator: "\n").map { $0.drop { $0 == " " } }
      .filter { !$0.hasPrefix("File descriptor ") }.joined(separator: "; ")
  }
}

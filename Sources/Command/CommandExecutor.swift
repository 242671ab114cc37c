public import Linux

/// Runs programs in process groups of their own, each under a deadline that kills the group.  A child
/// that does not die is left behind and accounted; the caller gets its answer at most 300 ms after the
/// deadline all the same.
///
/// The program is over when its own process is: what it left running in its group is killed then, and
/// what left the group (a daemon) may keep the pipes open without holding up anybody.
///
/// A command that runs to its end is killed by nobody, see `Command.runsToItsEnd`: not at its deadline,
/// not when serving ends, not when this process dies.
///
/// The children are forked, read and reaped by `Linux`' watcher and not by swift-subprocess, whose
/// `run` returns only when the process has ended.  With `nvme disconnect` in an uninterruptible sleep
/// that is never, and a task group cannot leave a task behind.
public final class CommandExecutor: CommandRunner {
  private let watcher: ChildWatcher
  private let outputLimit: Int

  /// At most `limit` programs run or are stuck at a time; more wait for their turn until their
  /// deadline, and are refused at once while `limit` are stuck.  Of each of the two output streams
  /// `outputLimit` bytes are kept.  `farewell` is how long the end of serving waits for programs that run
  /// to their end: where this is a container's first process, they die with it.
  public convenience init(
    limit: Int = 64, outputLimit: Int = 1 << 20, farewell: Duration = .seconds(5)
  ) {
    self.init(
      limit: limit, outputLimit: outputLimit, farewell: farewell, kill: ChildWatcher.killGroup)
  }

  /// `kill` is a seam for tests of programs that do not die.
  init(
    limit: Int, outputLimit: Int, farewell: Duration = .zero,
    kill: @escaping @Sendable (Int32) -> Void
  ) {
    self.outputLimit = outputLimit
    watcher = ChildWatcher(name: "commands", limit: limit, farewell: farewell, kill: kill)
  }

  /// The programs that were killed and have not died, and those that go on after their deadline.
  public var stuck: [StuckChild] { watcher.stuck }

  /// Serves until cancelled; then kills what still runs, waits 200 ms for it at most, and returns.
  /// Nothing runs before it is called or after it returned, but for what does not die and what runs to
  /// its end, which is waited for as long as `farewell`.  Returns at once
  /// when the machine has no thread or descriptor left to begin with.
  public func run() async {
    do {
      try watcher.start()
    } catch {
      return watcher.stop()
    }
    await withTaskCancellationHandler {
      await watcher.stopped()
    } onCancel: {
      watcher.stop()
    }
  }

  /// Ends serving as cancelling `run` does, and returns when that is over.
  public func shutDown() async {
    watcher.stop()
    await watcher.stopped()
  }

  /// Runs a program to its end, or kills it at the deadline unless it runs to its end.  Cancelling the
  /// calling task changes nothing: half of a mkfs is worse than all of it.
  public func run(
    _ command: Command, deadline: ContinuousClock.Instant
  ) async throws(CommandError) -> CommandOutput {
    let start = ContinuousClock.now
    let launch = try Launch(command, outputLimit: outputLimit)
    let request = ChildRequest(
      what: command.description, deadline: deadline, runsToItsEnd: command.runsToItsEnd
    ) { () throws(SystemCallError) in try launch.start() }
    switch await watcher.run(request) {
    case .ended(let termination, let outputs):
      let duration = start.duration(to: .now)
      return try launch.output(of: termination, outputs, duration: duration)
    case .deadlineExceeded(let stuck, _):
      let duration = start.duration(to: .now)
      throw .deadlineExceeded(program: command.program, after: duration, stuck: stuck)
    case .goesOn(let processID):
      throw .goesOn(
        program: command.program, after: start.duration(to: .now), processID: processID)
    case .launchFailed(let error):
      throw .launchFailed(program: command.program, reason: error.description)
    case .tooMany(let running):
      throw .tooMany(running: running)
    case .notRunning, .answered:
      // A program has no lease to answer before its end.
      throw .notRunning
    }
  }
}

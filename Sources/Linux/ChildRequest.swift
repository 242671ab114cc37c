/// A child process to start, feed, read and, at the latest at its deadline, kill or leave to itself.
package struct ChildRequest: Sendable {
  /// For the accounting of stuck children: `umount2 /x`.
  let what: String
  let deadline: ContinuousClock.Instant
  /// Starts the child.  Runs on the watcher's thread and must not wait.
  let launch: @Sendable () throws(SystemCallError) -> LaunchedChild
  /// Nobody kills it, and what it started neither: the deadline ends only the waiting for it.
  let runsToItsEnd: Bool
  /// For a child that stays once it has filled its first output.
  var lease: ChildLease?

  package init(
    what: String, deadline: ContinuousClock.Instant, runsToItsEnd: Bool = false,
    launch: @escaping @Sendable () throws(SystemCallError) -> LaunchedChild
  ) {
    self.what = what
    self.deadline = deadline
    self.runsToItsEnd = runsToItsEnd
    self.launch = launch
  }
}

/// A child that runs, leads its own process group, and holds the other ends of some pipes.
package struct LaunchedChild {
  let processID: Int32
  /// Bytes for its standard input and the pipe to write them to, which is closed then.
  let input: (bytes: [UInt8], pipe: Descriptor)?
  /// Pipes to read and how many bytes of each to keep.
  let outputs: [(pipe: Descriptor, limit: Int)]

  package init(
    processID: Int32, input: (bytes: [UInt8], pipe: Descriptor)? = nil,
    outputs: [(pipe: Descriptor, limit: Int)]
  ) {
    self.processID = processID
    self.input = input
    self.outputs = outputs
  }
}

/// What became of a child.
package enum ChildOutcome: Sendable {
  /// It ended by itself.
  case ended(ChildTermination, outputs: [ChildOutput])
  /// Its first output is full, and it stays for its lease.
  case answered(outputs: [ChildOutput])
  /// The deadline passed and the child's process group was killed.  `stuck`: the child has not died.
  /// The outputs are what came before.
  case deadlineExceeded(stuck: Bool, outputs: [ChildOutput])
  /// The deadline passed, and the child is not to be killed: it goes on.
  case goesOn(processID: Int32)
  /// It could not be started.
  case launchFailed(SystemCallError)
  /// There was no room for it until its deadline, or there is no hope of room.
  case tooMany(running: Int)
  /// The watcher does not run, or was stopped and has killed the child, or left it to itself.
  case notRunning
}

/// How a process ended.
package enum ChildTermination: Hashable, Sendable {
  case exited(Int32)
  case signaled(Int32)
}

/// What a child wrote to one pipe.
package struct ChildOutput: Hashable, Sendable {
  /// The first bytes, up to the limit.
  package var bytes: [UInt8] = []
  /// It wrote more than was kept.
  package var truncated = false
}

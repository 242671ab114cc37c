internal import CLinux
internal import Glibc
internal import SystemPackage

/// The watcher's thread: starts, feeds, reads, kills and reaps.
struct ChildLoop {
  let queue: ChildQueue
  let kill: @Sendable (Int32) -> Void
  /// How long a child that is not to be killed is waited for when all ends.
  let farewell: Duration
  private var children: [Child] = []
  private var buffer = [UInt8](repeating: 0, count: 1 << 16)
  private var isStopping = false

  /// How long a killed child may take to die before it counts as stuck.
  private static let grace = Duration.milliseconds(200)
  /// How often to ask about children that have no descriptor to watch.
  private static let blindInterval = Duration.milliseconds(50)

  init(queue: ChildQueue, farewell: Duration, kill: @escaping @Sendable (Int32) -> Void) {
    self.queue = queue
    self.farewell = farewell
    self.kill = kill
  }

  mutating func run() {
    guard let wake = queue.wakeDescriptor else { return queue.finish() }
    while true {
      let now = ContinuousClock.now
      let intake = queue.take(running: children.count, now: now)
      isStopping = isStopping || intake.stopping
      for submission in intake.refused {
        let outcome: ChildOutcome =
          if isStopping {
            .notRunning
          } else if children.count < queue.limit {
            // There was room: its deadline had passed before it came.
            .deadlineExceeded(stuck: false, outputs: [])
          } else {
            .tooMany(running: children.count)
          }
        submission.continuation.resume(returning: outcome)
      }
      for submission in intake.starting { start(submission) }
      if isStopping {
        for child in children { if case .running = child.phase { stop(child, now) } }
        if children.allSatisfy({ $0.continuation == nil }) {
          for child in children { child.request.lease?.end() }
          return queue.finish()
        }
      }
      watch(wake, until: intake.nextDeadline)
      children.removeAll { $0.isOver }
    }
  }

  private mutating func start(_ submission: ChildSubmission) {
    do throws(SystemCallError) {
      children.append(Child(submission, try submission.request.launch()))
    } catch {
      submission.continuation.resume(returning: .launchFailed(error))
    }
  }

  /// Waits for the next event or deadline, and deals with it.
  private mutating func watch(_ wake: Descriptor, until deadline: ContinuousClock.Instant?) {
    var ready = [pollfd(fd: wake.number, events: Int16(POLLIN), revents: 0)]
    var slots: [Range<Int>] = []
    var deadlines = children.compactMap(\.nextDeadline)
    if let deadline { deadlines.append(deadline) }
    for child in children {
      let interests = child.interests
      slots.append(ready.count..<ready.count + interests.count)
      ready += interests
      if !child.isWatchable { deadlines.append(.now + Self.blindInterval) }
    }
    let count = poll(&ready, until: deadlines.min())
    var wakes: UInt64 = 0
    if ready[0].revents != 0 { _ = unsafe read(wake.number, &wakes, 8) }
    let now = ContinuousClock.now
    for (child, slot) in zip(children, slots) {
      if count > 0 { child.transfer(ready[slot], buffer: &buffer) }
      child.answerLeaseholder()
      let mayHaveEnded = ready[slot.lowerBound].revents != 0 || !child.isWatchable
      if mayHaveEnded && child.hasEnded() { end(child) } else { expire(child, now) }
    }
  }

  private func poll(_ ready: inout [pollfd], until deadline: ContinuousClock.Instant?) -> Int32 {
    var timeout: Int64 = -1
    if let deadline {
      let wait = max(.zero, ContinuousClock.now.duration(to: deadline))
      timeout = Int64(clamping: wait.attoseconds / 1_000_000_000)
    }
    let count = unsafe clinux_poll(&ready, ready.count, timeout)
    // EINTR or no memory: as if nothing had happened.  The deadlines still hold.
    if count < 0 { for index in ready.indices { ready[index].revents = 0 } }
    return count
  }

  private mutating func end(_ child: Child) {
    // What the child left behind in its group ends with it, and before it is reaped: afterwards the
    // group's number may belong to another.
    if !child.request.runsToItsEnd { kill(child.processID) }
    child.drain(buffer: &buffer)
    let termination = child.reap()
    child.closePipes()
    child.isOver = true
    child.request.lease?.end()
    let outputs = child.collected
    switch (child.phase, termination) {
    case (.stuck, _):
      queue.hasDied(child.processID)
    case (.killed, .exited(let code)?):
      // It was over by itself before the signal came.
      child.resume(.ended(.exited(code), outputs: outputs))
    case (.killed, _):
      child.resume(
        isStopping ? .notRunning : .deadlineExceeded(stuck: false, outputs: outputs))
    case (.running, let termination?), (.awaited, let termination?):
      child.resume(.ended(termination, outputs: outputs))
    case (.running, nil), (.awaited, nil):
      let call = SystemCallError(
        call: "waitpid", subject: child.request.what, errno: .noChildProcess)
      child.resume(.launchFailed(call))
    }
  }

  private func expire(_ child: Child, _ now: ContinuousClock.Instant) {
    guard let deadline = child.nextDeadline, deadline <= now else { return }
    if case .running = child.phase, !child.request.runsToItsEnd {
      kill(child, now)
    } else {
      giveUp(child, now)
    }
  }

  private func kill(_ child: Child, _ now: ContinuousClock.Instant) {
    kill(child.processID)
    child.phase = .killed(givingUp: now + Self.grace)
  }

  private func stop(_ child: Child, _ now: ContinuousClock.Instant) {
    guard child.request.runsToItsEnd else { return kill(child, now) }
    child.phase = .awaited(until: min(child.request.deadline, now + farewell))
  }

  private func giveUp(_ child: Child, _ now: ContinuousClock.Instant) {
    child.phase = .stuck
    // One that goes on is read on as well: a full pipe would stop it.
    if !child.request.runsToItsEnd { child.closePipes() }
    child.request.lease?.end()
    queue.isStuck(
      StuckChild(processID: child.processID, what: child.request.what, since: now))
    let outcome: ChildOutcome =
      if isStopping {
        .notRunning
      } else if child.request.runsToItsEnd {
        .goesOn(processID: child.processID)
      } else {
        .deadlineExceeded(stuck: true, outputs: child.collected)
      }
    child.resume(outcome)
  }
}

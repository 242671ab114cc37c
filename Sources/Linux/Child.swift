internal import CLinux
internal import Glibc
internal import SystemPackage

/// A child process as its watcher's thread sees it.  Never leaves that thread.
final class Child {
  enum Phase {
    case running
    /// SIGKILL is sent; at `givingUp` the child is counted as stuck.
    case killed(givingUp: ContinuousClock.Instant)
    /// The watcher stops, and waits so long for what it must not kill.
    case awaited(until: ContinuousClock.Instant)
    /// Whoever waited has the answer; only the corpse is waited for.
    case stuck
  }

  let processID: Int32
  let request: ChildRequest
  var phase = Phase.running
  /// Reaped: nothing is left of it.
  var isOver = false
  /// Nil once resumed.
  private(set) var continuation: CheckedContinuation<ChildOutcome, Never>?

  /// Nil when there was no descriptor left for it: then waitid(2) is asked now and then.
  private let processDescriptor: Descriptor?
  private var input: (bytes: ArraySlice<UInt8>, pipe: Descriptor)?
  private var outputs: [(pipe: Descriptor?, limit: Int, collected: ChildOutput)]

  init(_ submission: ChildSubmission, _ launched: LaunchedChild) {
    processID = launched.processID
    request = submission.request
    continuation = submission.continuation
    let descriptor = clinux_pidfd_open(launched.processID)
    processDescriptor = descriptor < 0 ? nil : Descriptor(owning: descriptor)
    input = launched.input.map { ($0.bytes[...], $0.pipe) }
    outputs = launched.outputs.map { ($0.pipe, $0.limit, ChildOutput()) }
  }

  var isWatchable: Bool { processDescriptor != nil }

  var collected: [ChildOutput] { outputs.map(\.collected) }

  /// Answers whoever waits, once.
  func resume(_ outcome: ChildOutcome) {
    continuation?.resume(returning: outcome)
    continuation = nil
  }

  /// When the watcher has to look at this child without any event.
  var nextDeadline: ContinuousClock.Instant? {
    switch phase {
    case .running:
      if continuation == nil, let lease = request.lease { lease.deadline } else { request.deadline }
    case .killed(let givingUp): givingUp
    case .awaited(let end): end
    case .stuck: nil
    }
  }

  /// What poll(2) is to watch, in the order in which `transfer` takes the answers.
  var interests: [pollfd] {
    var interests = [pollfd(fd: processDescriptor?.number ?? -1, events: Int16(POLLIN), revents: 0)]
    interests.append(pollfd(fd: input?.pipe.number ?? -1, events: Int16(POLLOUT), revents: 0))
    for output in outputs {
      interests.append(pollfd(fd: output.pipe?.number ?? -1, events: Int16(POLLIN), revents: 0))
    }
    return interests
  }

  /// Moves bytes through the pipes that are ready.
  func transfer(_ ready: ArraySlice<pollfd>, buffer: inout [UInt8]) {
    if ready[ready.startIndex + 1].revents != 0 { feed() }
    for index in outputs.indices where ready[ready.startIndex + 2 + index].revents != 0 {
      collect(index, &buffer)
    }
  }

  /// One that has a lease is heard before its end.
  func answerLeaseholder() {
    guard request.lease != nil, continuation != nil, let first = outputs.first,
      first.collected.bytes.count == first.limit
    else { return }
    resume(.answered(outputs: collected))
  }

  /// Takes what is in the pipes now.  Bounded, since a grandchild may go on writing for ever.
  func drain(buffer: inout [UInt8]) {
    for index in outputs.indices {
      for _ in 0..<64 where collect(index, &buffer) {}
    }
  }

  func closePipes() {
    input = nil
    for index in outputs.indices { outputs[index].pipe = nil }
  }

  /// Whether it is a zombie, or gone already because somebody else reaped it.  Does not reap: until then
  /// its process group's number is not given to another.
  func hasEnded() -> Bool {
    let answer = clinux_has_ended(processID)
    return answer == -1 ? errno == ECHILD : answer == 1
  }

  /// Takes the exit status of a child that has ended; nil when somebody else took it.
  func reap() -> ChildTermination? {
    var status: Int32 = 0
    guard unsafe waitpid(processID, &status, WNOHANG) == processID else { return nil }
    let signal = status & 0x7f
    return signal == 0 ? .exited((status >> 8) & 0xff) : .signaled(signal)
  }

  private func feed() {
    guard let (bytes, pipe) = input else { return }
    let count = unsafe bytes.withUnsafeBytes { unsafe write(pipe.number, $0.baseAddress, $0.count) }
    if count < 0 {
      // EPIPE: the child does not want the rest.  That is its right, and SIGPIPE is blocked here.
      if errno != EAGAIN && errno != EINTR { input = nil }
    } else {
      input = count == bytes.count ? nil : (bytes.dropFirst(count), pipe)
    }
  }

  /// Reads once.  False when there is nothing more for now.
  @discardableResult
  private func collect(_ index: Int, _ buffer: inout [UInt8]) -> Bool {
    guard let pipe = outputs[index].pipe else { return false }
    let count = unsafe read(pipe.number, &buffer, buffer.count)
    if count <= 0 {
      if count == 0 || (errno != EAGAIN && errno != EINTR) { outputs[index].pipe = nil }
      return false
    }
    let kept = min(count, outputs[index].limit - outputs[index].collected.bytes.count)
    outputs[index].collected.bytes += buffer[..<kept]
    if kept < count { outputs[index].collected.truncated = true }
    return true
  }
}

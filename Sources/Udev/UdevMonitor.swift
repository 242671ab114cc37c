internal import Glibc
public import Linux
internal import Synchronization
internal import SystemPackage

/// Receives uevents on a thread of its own and hands them to any number of subscribers as plain values.
///
/// From the kernel's own multicast group, which also reaches a container with a network of its own, where
/// udevd's does not.  They come as the kernel changes sysfs, before udevd's rules have run.
///
/// Events are hints: none is missed silently, but any number of them may come as one `overflow`.
public final class UdevMonitor: Sendable {
  private let subsystems: [String]
  private let capacity: Int
  private let fanOut = UdevFanOut()
  private let progress = UdevProgress()
  private let thread = Mutex<NamedThread?>(nil)
  private let bell = Mutex(Bell())

  /// Wakes the thread to end.
  private struct Bell {
    /// The end of a pipe that the thread polls.
    var descriptor: Descriptor?
    /// Perhaps before there was a thread to hear it.
    var hasRung = false
  }

  /// Describes a monitor of some subsystems, of all when there are none; `start` or `run` begins.
  /// At most `capacity` events wait for each subscriber.
  public init(subsystems: [String], capacity: Int = 1024) {
    self.subsystems = subsystems
    self.capacity = capacity
  }

  deinit {
    stop()
    join()
  }

  /// Subscribes from now on; before `start` as well, and then from the start on.  A subscription to a
  /// monitor that is over is over too.
  public func subscribe() -> Events {
    Events(subscription: UdevSubscription(to: fanOut, capacity: capacity))
  }

  /// Starts the thread, unless it was started before.  When this returns the socket is bound: every
  /// event that the kernel sends from here on reaches those who are subscribed.
  public func start() async throws(SystemCallError) {
    if progress.begin() { launch() }
    await progress.started()
    if let failure = progress.failure { throw failure }
  }

  /// Starts, if need be, and serves until the task is cancelled, `stop` is called or the socket fails.
  /// Then all subscriptions have ended and the thread is gone.
  public func run() async throws(SystemCallError) {
    try await start()
    await withTaskCancellationHandler {
      await progress.ended()
    } onCancel: {
      stop()
    }
    join()
    if let failure = progress.failure { throw failure }
  }

  /// Has the thread end at once, for good; `run` returns when it has.
  public func stop() {
    if progress.endUnlessBegun() { return fanOut.finish() }
    bell.withLock { bell in
      bell.hasRung = true
      // Closes it, which the other end sees.
      bell.descriptor = nil
    }
  }

  private func launch() {
    let subsystems = subsystems
    let (fanOut, progress) = (fanOut, progress)
    do throws(SystemCallError) {
      let pipe = try Descriptor.pipe()
      bell.withLock { bell in
        if !bell.hasRung { bell.descriptor = pipe.write }
      }
      let stop = pipe.read
      try thread.withLock { (thread) throws(SystemCallError) in
        thread = try NamedThread("udev-monitor") {
          var failure: SystemCallError?
          do throws(SystemCallError) {
            let receiver = try UdevReceiver(subsystems: subsystems)
            progress.hasStarted()
            try Self.serve(receiver, until: stop) { fanOut.deliver($0) }
          } catch { failure = error }
          fanOut.finish()
          progress.hasEnded(failure)
        }
      }
    } catch {
      fanOut.finish()
      progress.hasEnded(error)
    }
  }

  /// Short: the thread is over, or was told to end, and never waits for anybody.
  private func join() { thread.withLock { $0.take() }?.join() }

  /// A message that cannot be read is as good as lost.  So many in a row are a socket that is broken.
  private static let failureLimit = 64

  /// The thread's work.
  private static func serve(
    _ receiver: UdevReceiver, until stop: Descriptor, _ deliver: (Element) -> Void
  ) throws(SystemCallError) {
    var failures = 0
    while true {
      var ready = [
        pollfd(fd: receiver.descriptor, events: Int16(POLLIN), revents: 0),
        pollfd(fd: stop.number, events: Int16(POLLIN), revents: 0),
      ]
      guard unsafe poll(&ready, 2, -1) >= 0 else {
        let number = errno
        if number == EINTR { continue }
        throw SystemCallError(call: "poll", subject: "uevents", errno: Errno(rawValue: number))
      }
      // Its other end is closed.
      if ready[1].revents != 0 { return }
      switch receiver.receive() {
      case .event(let event):
        failures = 0
        deliver(.event(event))
      case .overflow:
        failures = 0
        deliver(.overflow)
      case .nothing: break
      case .failed(let error):
        deliver(.overflow)
        failures += 1
        if failures == failureLimit { throw error }
      }
    }
  }
}

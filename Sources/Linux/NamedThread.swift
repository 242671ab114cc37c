internal import CLinux
internal import Glibc
internal import SystemPackage

/// A thread of our own for work that waits in the kernel, which no cooperative thread may do.
/// Whoever starts it joins it.
package struct NamedThread: ~Copyable, Sendable {
  private let thread: pthread_t

  /// Starts `body` on a new thread with every signal blocked, so that signals go where they are waited
  /// for.  `name` shows in ps(1): 15 bytes at most.
  package init(
    _ name: String, _ body: @escaping @Sendable () -> Void
  ) throws(SystemCallError) {
    let start = unsafe Unmanaged.passRetained(Start(name: name, body: body))
    var thread = pthread_t()
    let code = unsafe pthread_create(
      &thread, nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, start.toOpaque())
    guard code == 0 else {
      unsafe start.release()
      throw SystemCallError(call: "pthread_create", subject: name, errno: Errno(rawValue: code))
    }
    self.thread = thread
  }

  /// Waits until `body` has returned.  Blocks.
  package consuming func join() {
    // Fails only for a thread that was joined before, which the type rules out.
    _ = pthread_join(thread, nil)
  }

  private final class Start: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }

    func run() {
      var all = sigset_t()
      unsafe sigfillset(&all)
      unsafe pthread_sigmask(SIG_SETMASK, &all, nil)
      unsafe clinux_name_thread(name)
      body()
    }
  }
}

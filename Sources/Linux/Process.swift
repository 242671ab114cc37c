internal import Glibc

/// This process as the kernel sees it.
public enum Process {
  /// Ends the process at once: no exit handlers, no waiting for threads or children.
  public static func exitNow() -> Never { _exit(0) }

  /// A peer that goes away in the middle of an answer gives EPIPE instead of ending the process.
  /// Programs that are started later get the default back with their other signals.
  public static func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }
}

/// A child process that was killed but has not died, since it sits in the kernel; or one that is not to
/// be killed and goes on after its deadline.
public struct StuckChild: Hashable, Sendable {
  /// Its process id; see /proc/<id>/stack for where it sits.
  public let processID: Int32
  /// What it was to do: `umount2 /var/lib/kubelet/…`.
  public let what: String
  /// When it was given up.
  public let since: ContinuousClock.Instant

  /// Names a stuck child.
  public init(processID: Int32, what: String, since: ContinuousClock.Instant) {
    self.processID = processID
    self.what = what
    self.since = since
  }
}

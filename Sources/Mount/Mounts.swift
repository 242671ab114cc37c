public import Linux

/// Mounts and unmounts, each call in a child under a deadline and each result verified in mountinfo.
///
/// Everything here can be run again after it was cut short at any point.  Calls for one mount point
/// must not run at the same time: the driver's reservation of a volume sees to that.
public struct Mounts: Sendable {
  let calls: IsolatedCalls
  let procRoot: String
  let sysRoot: String

  /// `procRoot` and `sysRoot` are seams for tests; there `self/mountinfo` and what ext4 says of itself
  /// are read.
  public init(calls: IsolatedCalls, procRoot: String = "/proc", sysRoot: String = "/sys") {
    self.calls = calls
    self.procRoot = procRoot
    self.sysRoot = sysRoot
  }

  /// The mounts of this process' namespace as they are now.  Fails rather than leaving one out.
  public func table() throws(MountError) -> MountTable {
    do { return try MountTable.current(procRoot: procRoot) } catch {
      throw MountError(code: .other, message: "read \(procRoot)/self/mountinfo: \(error)")
    }
  }

  /// statfs(2).  On a file system whose device is away this may wait until the deadline.
  public func statistics(
    at path: String, deadline: ContinuousClock.Instant
  ) async throws(MountError) -> FileSystemStatistics {
    do throws(IsolatedCallError) {
      return try await calls.statistics(of: path, deadline: deadline)
    } catch { throw MountError("statistics of \(path)", error) }
  }

  /// Takes away a mount that was made just now and is not what it should be.  Says in words what
  /// became of it, to go into the message of the error that led here.
  func undo(
    _ mount: MountInfo, at point: MountPoint, deadline: ContinuousClock.Instant
  ) async -> String {
    do throws(MountError) {
      guard try table().top(at: point)?.id == mount.id else {
        return "it was left: something else was mounted at \(point) meanwhile"
      }
    } catch { return "it was left: \(error)" }
    do throws(IsolatedCallError) {
      try await calls.unmount(point.path, flags: 0, deadline: deadline)
      return "it was unmounted again"
    } catch { return "it could not be unmounted again: \(error)" }
  }
}

public import Linux
internal import SystemPackage

/// Whether a mounted file system still does its work.
public enum MountHealth: Hashable, Sendable {
  /// Nothing speaks against it.
  case good
  /// It has shut itself off, or turned read-only, after an error.
  case failed(String)
  /// It did not answer in time, or could not be asked.
  case unknown(String)
}

extension Mounts {
  /// Asks a mount how it is, without writing: a superblock that turned read-only (ext4 with
  /// errors=remount-ro), and a root directory that cannot be read any more (xfs after a shutdown).
  ///
  /// An ext4 that aborted its journal may pass (measured on 6.1: mountinfo says `rw`, reads are
  /// answered from the cache).
  public func health(
    of mount: MountInfo, deadline: ContinuousClock.Instant
  ) async -> MountHealth {
    let isMeantReadOnly = mount.options.contains("ro")
    if mount.superOptions.contains("ro"), !isMeantReadOnly {
      return .failed("\(mount.fileSystemType) at \(mount.mountPoint) has turned read-only")
    }
    do throws(IsolatedCallError) {
      try await calls.requireReadable(directory: mount.mountPoint, deadline: deadline)
      return .good
    } catch {
      if case .failed(let failure) = error, failure.errno == .ioError {
        return .failed(
          "\(mount.fileSystemType) at \(mount.mountPoint) has shut itself off: \(failure)")
      }
      return .unknown("\(mount.mountPoint): \(error)")
    }
  }
}

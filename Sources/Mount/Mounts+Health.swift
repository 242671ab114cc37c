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
  /// Asks a mount how it is, without changing anything.
  ///
  /// What shows a failure: a superblock that turned read-only (ext4 with errors=remount-ro), the options
  /// `emergency_ro` and `shutdown` that newer kernels show of an ext4, an ext4 that has found more errors
  /// in itself than the `knownErrors` it was mounted with, and a root directory that cannot be read any
  /// more (xfs after a shutdown).
  ///
  /// An ext4 whose journal was aborted and to which nobody has written since may pass: it notices with
  /// the next write (measured on 6.1: mountinfo says `rw`, reads are answered from the cache).
  public func health(
    of mount: MountInfo, knownErrors: UInt64? = nil, deadline: ContinuousClock.Instant
  ) async -> MountHealth {
    if let failure = Self.failure(shownBy: mount) { return .failed(failure) }
    if let knownErrors {
      do throws(MountError) {
        if let errors = try errorCount(of: mount), errors > knownErrors {
          return await health(of: mount, after: errors - knownErrors, deadline: deadline)
        }
      } catch { return .unknown("\(mount.mountPoint): \(error)") }
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

  /// An ext4 that has found errors in itself may have stopped, whatever `errors=` says and the mount table
  /// shows (measured on 6.1: `rw` after errors=remount-ro), or go on: what is still of use to somebody is
  /// not taken away.
  private func health(
    of mount: MountInfo, after errors: UInt64, deadline: ContinuousClock.Instant
  ) async -> MountHealth {
    let what =
      "\(mount.fileSystemType) at \(mount.mountPoint) has found \(errors) errors in itself since it "
      + "was mounted"
    do throws(IsolatedCallError) {
      try await calls.requireWritable(directory: mount.mountPoint, deadline: deadline)
    } catch {
      if case .failed(let failure) = error, [.ioError, .readOnlyFileSystem].contains(failure.errno)
      {
        return .failed("\(what) and takes no changes any more: \(failure)")
      }
      return .unknown("\(what): \(error)")
    }
    return .unknown("\(what) and goes on; it is checked when it is staged next")
  }

  /// What the mount table itself says; nil when it says nothing.
  static func failure(shownBy mount: MountInfo) -> String? {
    let what = "\(mount.fileSystemType) at \(mount.mountPoint)"
    if mount.superOptions.contains("shutdown") { return "\(what) has shut itself off" }
    // Since Linux 6.15 an ext4 with errors=remount-ro stays `rw` and says this.
    if mount.superOptions.contains("emergency_ro") { return "\(what) has turned read-only" }
    if mount.superOptions.contains("ro"), !mount.options.contains("ro") {
      return "\(what) has turned read-only"
    }
    return nil
  }
}

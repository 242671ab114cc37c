public import Linux

public struct MountError: Error, Sendable, CustomStringConvertible {
  public enum Code: Hashable, Sendable {
    case busy, deadlineExceeded, noSuchDevice, badOption, wrongFileSystem, ioError, stillMounted,
      notAllowed, conflict, other
  }
  public let code: Code
  public let message: String
  public var description: String { message }
  public init(code: Code, message: String) {
    self.code = code
    self.message = message
  }
}

/// Options as a StorageClass writes them, told apart into mount(2) flags and file-system data.
public struct MountOptions: Hashable, Sendable {
  public struct Invalid: Error, Hashable, Sendable { public let reason: String }
  /// Refuses options that are not for an operator to set (`bind`, `remount`, `move`, `loop`, propagation, anything with a comma or control character).
  public init(_ options: [String]) throws(Invalid) { fatalError() }
  public var readOnly: Bool {
    get { fatalError() }
    set { fatalError() }
  }
  public mutating func insert(_ option: String) throws(Invalid) { fatalError() }
}

/// Mounts and unmounts, each call in a child under a deadline and each result verified in mountinfo.
public struct Mounts: Sendable {
  public init(calls: IsolatedCalls, procRoot: String = "/proc") { fatalError() }
  public func table() throws(MountError) -> MountTable { fatalError() }
  /// Mounts a file system. Verified: afterwards the topmost mount at `target` is of `device`.
  public func mount(
    _ devicePath: String, device: DeviceNumber, at target: String, type: String,
    options: MountOptions, deadline: ContinuousClock.Instant
  ) async throws(MountError) { fatalError() }
  /// Binds `source` (a mount point) at `target` with per-mount flags (ro, nosuid, nodev, noexec, noatime…) applied by a remount of the bind alone.
  public func bind(
    _ source: String, at target: String, options: MountOptions,
    deadline: ContinuousClock.Instant
  ) async throws(MountError) { fatalError() }
  /// Unmounts everything stacked at `target`, verified in mountinfo; not mounted is fine.
  public func unmount(
    _ target: String, deadline: ContinuousClock.Instant
  )
    async throws(MountError)
  { fatalError() }
  public func statistics(
    at path: String, deadline: ContinuousClock.Instant
  )
    async throws(MountError) -> FileSystemStatistics
  { fatalError() }
}

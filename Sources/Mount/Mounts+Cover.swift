public import Linux

extension Mounts {
  /// The source of the mounts that `cover` makes, as mountinfo shows it.
  static let coverSource = "nvmeof-csi-repair"

  /// Puts an empty file system that takes no writes where a volume's mount is away while it is repaired.
  ///
  /// Without it the path is a bare directory of the node's own disk: a container that starts meanwhile
  /// would find its volume empty, and write to that disk what no volume ever has.  `bind` binds over it,
  /// `unmount` and `detach` take it away with whatever is on it.  Anything mounted there already is
  /// left as it is.
  public func cover(_ target: String, deadline: ContinuousClock.Instant) async throws(MountError) {
    let action = "cover \(target)"
    let point = try MountPoint(target, for: action)
    guard try table().top(at: point) == nil else { return }
    let flags: MountFlags = [.readOnly, .noSetUserID, .noDevices, .noExecution]
    do throws(IsolatedCallError) {
      try await calls.mount(
        source: Self.coverSource, target: point.path, type: "tmpfs", flags: flags.rawValue,
        data: "size=4k,mode=0555", deadline: deadline)
    } catch { throw MountError(action, error) }
  }
}

extension MountInfo {
  /// Whether `Mounts.cover` made it.
  public var isCover: Bool { fileSystemType == "tmpfs" && source == Mounts.coverSource }
}

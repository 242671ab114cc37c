internal import Linux

extension Mounts {
  /// Binds `source` (a mount point) at `target` with per-mount flags (`ro`, `nosuid`, `nodev`,
  /// `noexec`, `noatime`…) applied by a remount of the bind alone.
  ///
  /// What restricts the mount at `source` restricts the bind too; `options` can only add to it, and
  /// choose another access time mode.  Options of the file system itself are of no effect here: they
  /// were set when it was mounted.
  ///
  /// When `target` is that bind already nothing is done.  A bind that is still writable though `ro` is
  /// asked for is what an attempt leaves that was cut short between its two calls: it is finished.
  /// One that is read-only though it should not be, and any other mount there, is a `conflict`; so is
  /// a `source` where nothing is mounted.  When the flags cannot be set the bind is taken away again.
  public func bind(
    _ source: String, at target: String, options: MountOptions, deadline: ContinuousClock.Instant
  ) async throws(MountError) {
    let action = "bind \(source) at \(target) with '\(options)'"
    let sourcePoint = try MountPoint(source, for: action)
    let point = try MountPoint(target, for: action)
    let before = try table()
    guard let origin = before.top(at: sourcePoint) else {
      throw MountError(code: .conflict, message: "\(action): nothing is mounted at \(source)")
    }
    let wanted = Self.flags(of: origin, adding: options)

    if let present = before.top(at: point), !present.isCover {
      guard present.isSameTree(as: origin) else {
        throw MountError(
          code: .conflict, message: "\(action): \(present.summary) is mounted there already")
      }
      let flags = MountFlags(mountInfoOptions: present.options)
      guard wanted.contains(.readOnly) || !flags.contains(.readOnly) else {
        throw MountError(
          code: .conflict, message: "\(action): \(present.summary) is bound there read-only")
      }
      if flags != wanted { try await setFlags(wanted, at: point, action, deadline) }
      return
    }

    do throws(IsolatedCallError) {
      try await calls.mount(
        source: sourcePoint.path, target: point.path, type: "", flags: MountFlags.bind.rawValue,
        data: "", deadline: deadline)
    } catch { throw MountError(action, error) }
    guard let made = try table().top(at: point) else {
      throw MountError(
        code: .other, message: "\(action): the kernel reports success, mountinfo no mount there")
    }
    guard made.isSameTree(as: origin) else {
      let undone = await undo(made, at: point, deadline: deadline)
      throw MountError(
        code: .conflict, message: "\(action): it is \(made.summary) that is there now; \(undone)")
    }
    guard MountFlags(mountInfoOptions: made.options) != wanted else { return }
    do throws(MountError) {
      try await setFlags(wanted, at: point, action, deadline)
    } catch {
      // Of its own time: the deadline may be what failed.
      let undone = await undo(made, at: point, deadline: max(deadline, .now + .seconds(2)))
      throw MountError(code: error.code, message: "\(error.message); the bind: \(undone)")
    }
  }

  /// The origin's restrictions and those asked for.
  static func flags(of origin: MountInfo, adding options: MountOptions) -> MountFlags {
    let inherited = MountFlags(mountInfoOptions: origin.options)
    let asked = options.flags.intersection(.perMount)
    let chosesMode = !asked.isDisjoint(with: .accessTimeModes)
    return asked.union(chosesMode ? inherited.subtracting(.accessTimeModes) : inherited)
  }

  /// Sets the flags of the topmost mount there, and of that alone, and verifies them.
  func setFlags(
    _ flags: MountFlags, at point: MountPoint, _ action: String,
    _ deadline: ContinuousClock.Instant
  ) async throws(MountError) {
    let names = flags.names.joined(separator: ",")
    do throws(IsolatedCallError) {
      try await calls.mount(
        source: "", target: point.path, type: "",
        flags: flags.union([.bind, .remount]).rawValue, data: "", deadline: deadline)
    } catch { throw MountError("\(action): remount the bind with '\(names)'", error) }
    guard let top = try table().top(at: point),
      MountFlags(mountInfoOptions: top.options) == flags
    else {
      throw MountError(
        code: .other,
        message: "\(action): mountinfo does not show '\(names)' after the remount of the bind")
    }
  }
}

extension MountInfo {
  /// Both show the same directory of the same file system.
  fileprivate func isSameTree(as other: MountInfo) -> Bool {
    device == other.device && root.utf8.elementsEqual(other.root.utf8)
  }
}

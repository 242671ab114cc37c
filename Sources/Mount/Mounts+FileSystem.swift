public import Linux
internal import SystemPackage

extension Mounts {
  /// Mounts a file system.  Verified: afterwards the topmost mount at `target` is of `device`.
  ///
  /// When it is so already nothing is done, whatever its options are.  When something else is mounted
  /// there, or when `devicePath` turns out to lead to another device, the error is `conflict`; in the
  /// second case the mount is taken away again.  `target` must exist and contain no symbolic link.
  /// After `deadlineExceeded` the mount may still appear; calling again finds it.
  public func mount(
    _ devicePath: String, device: DeviceNumber, at target: String, type: String,
    options: MountOptions, deadline: ContinuousClock.Instant
  ) async throws(MountError) {
    let action = "mount \(devicePath) (\(device)) at \(target) as \(type) with '\(options)'"
    let point = try MountPoint(target, for: action)
    let before = try table().top(at: point)
    if let before {
      if before.device == device { return }
      throw MountError(
        code: .conflict, message: "\(action): \(before.summary) is mounted there already")
    }
    do throws(IsolatedCallError) {
      try await calls.mount(
        source: devicePath, target: point.path, type: type, flags: options.flags.rawValue,
        data: options.data, deadline: deadline)
    } catch {
      // An earlier call that was given up may have come through, and its end made this one's busy.
      if let top = try table().top(at: point), top.device == device { return }
      throw Self.refusal(of: action, error, type: type, options: options)
    }
    guard let made = try table().top(at: point) else {
      throw MountError(
        code: .other, message: "\(action): the kernel reports success, mountinfo no mount there")
    }
    guard made.device == device else {
      let undone = await undo(made, at: point, deadline: deadline)
      throw MountError(
        code: .conflict,
        message: "\(action): what is mounted there now is \(made.summary); \(undone)")
    }
  }

  /// What only mount(2) of a file system can mean.
  static func refusal(
    of action: String, _ error: IsolatedCallError, type: String, options: MountOptions
  ) -> MountError {
    guard case .failed(let failure) = error, !failure.call.hasPrefix("openat2") else {
      return MountError(action, error)
    }
    switch failure.errno {
    case .invalidArgument:
      // The kernel does not say which: without options of the file system's own it cannot be those.
      return MountError(
        code: options.data.isEmpty ? .wrongFileSystem : .badOption,
        message: """
          \(action): \(failure.errno): the device holds no \(type) file system that this kernel \
          can mount, or one of the options is none that \(type) knows (the kernel log tells)
          """)
    case .operationNotSupportedByDevice:
      return MountError(
        code: .noSuchDevice,
        message: "\(action): \(failure.errno): no such device, or the kernel has no \(type)")
    case .resourceBusy:
      return MountError(
        code: .busy,
        message: "\(action): \(failure.errno): the device is held by something else, or mounted")
    case .readOnlyFileSystem:
      return MountError(
        code: .notAllowed, message: "\(action): \(failure.errno): the device itself is read-only")
    default:
      return MountError(action, error)
    }
  }
}

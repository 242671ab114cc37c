internal import Linux
internal import SystemPackage

extension Mounts {
  /// Unmounts everything stacked at `target`, topmost first, each verified in mountinfo; not mounted
  /// is fine.  Never lazily: when this returns the file system has let go of its mounts there.
  ///
  /// A mount at `target` that is hidden under one further up cannot be reached: `stillMounted`.
  public func unmount(
    _ target: String, deadline: ContinuousClock.Instant
  ) async throws(MountError) {
    let point = try MountPoint(target, for: "unmount \(target)")
    var unmounted: Set<UInt64> = []
    while true {
      let table = try table()
      guard let top = table.top(at: point) else {
        guard let hidden = table.mounts(at: point.path).last else { return }
        let above = table.mount(containing: point.path)?.mountPoint ?? "another mount"
        throw MountError(
          code: .stillMounted,
          message: "unmount \(target): \(hidden.summary) is hidden there under a mount at \(above)")
      }
      guard unmounted.insert(top.id).inserted else {
        throw MountError(
          code: .stillMounted,
          message: """
            unmount \(target): the kernel reports success, and \(top.summary) is mounted there still
            """)
      }
      try await unmountTop(top, at: point, deadline)
    }
  }

  /// Takes one mount off the stack.  Returns when it is gone, whoever did it.
  private func unmountTop(
    _ top: MountInfo, at point: MountPoint, _ deadline: ContinuousClock.Instant
  ) async throws(MountError) {
    let action = "unmount \(top.summary) at \(point)"
    do throws(IsolatedCallError) {
      try await calls.unmount(point.path, flags: 0, deadline: deadline)
    } catch {
      guard try table().mounts(at: point.path).contains(where: { $0.id == top.id }) else { return }
      if case .failed(let failure) = error, failure.errno == .resourceBusy {
        throw MountError(
          code: .busy,
          message: """
            \(action): \(failure.errno): a process has files open or its working directory there, or \
            something is mounted below
            """)
      }
      throw MountError(action, error)
    }
  }
}

internal import Linux

extension Mounts {
  /// Takes `ro` from the topmost mount at `target`, and from that alone: what its file system refuses it
  /// goes on refusing, and the mount table shows whose refusal it is.
  public func makeWritable(
    _ target: String, deadline: ContinuousClock.Instant
  ) async throws(MountError) {
    let action = "make the mount at \(target) writable"
    let point = try MountPoint(target, for: action)
    guard let top = try table().top(at: point) else {
      throw MountError(code: .conflict, message: "\(action): nothing is mounted there")
    }
    let flags = MountFlags(mountInfoOptions: top.options)
    guard flags.contains(.readOnly) else { return }
    try await setFlags(flags.subtracting(.readOnly), at: point, action, deadline)
  }
}

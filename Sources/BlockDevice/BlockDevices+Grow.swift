internal import Command

extension BlockDevices {
  /// Grows a mounted file system to its device: resize2fs on the device, xfs_growfs at the mount point,
  /// both online.  Nothing to grow is fine.  Refused when the topmost mount there is of another device.
  public func grow(
    _ type: FileSystemType, on device: BlockDevice, mountedAt mountPoint: String,
    deadline: ContinuousClock.Instant
  ) async throws(BlockDeviceError) {
    let action = "grow \(type.rawValue) on \(device)"
    try requireMount(of: device, at: mountPoint, action)
    let command: Command
    switch type {
    case .ext4:
      try requireIdentity(of: device, action)
      command = Command("resize2fs", [device.path])
    case .xfs:
      command = Command("xfs_growfs", ["-d", mountPoint])
    }
    let output = try await run(command, action, deadline: deadline)
    guard output.succeeded else {
      throw BlockDeviceError(action, code: .other, command, output)
    }
  }
}

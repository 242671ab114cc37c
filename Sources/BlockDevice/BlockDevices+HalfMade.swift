internal import Command

extension BlockDevices {
  /// Whether what looks like an xfs is one that mkfs.xfs never finished: it writes the superblock early
  /// and keeps it marked as in progress until everything else is on the device.  The kernel refuses to
  /// mount such a thing, so nobody can have put data into it.
  public func isHalfMadeXFS(
    _ device: BlockDevice, deadline: ContinuousClock.Instant
  ) async throws(BlockDeviceError) -> Bool {
    let action = "read the superblock of the xfs on \(device)"
    try requireIdentity(of: device, action)
    let command = Command(
      "xfs_db", ["-r", "-c", "sb 0", "-c", "print inprogress", device.path])
    let output = try await run(command, action, deadline: deadline)
    guard output.succeeded else {
      throw BlockDeviceError(action, code: .other, command, output)
    }
    return output.standardOutput.split(whereSeparator: \.isNewline).contains("inprogress = 1")
  }
}

internal import Command

extension BlockDevices {
  /// Makes an unmounted file system fit to be mounted.  ext4: `e2fsck -p` replays the journal and
  /// repairs what is safe.  xfs: the mount replays; nothing to do.
  public func check(
    _ type: FileSystemType, on device: BlockDevice, deadline: ContinuousClock.Instant
  ) async throws(BlockDeviceError) {
    guard type == .ext4 else { return }
    let action = "check ext4 on \(device)"
    _ = try await read(.touch, of: device, action, deadline: deadline)
    let command = Command("e2fsck", ["-p", device.path])
    let output = try await run(command, action, deadline: deadline)
    guard case .exited(let code) = output.termination else {
      throw BlockDeviceError(action, code: .other, command, output)
    }
    // A bit mask, e2fsck(8): 1 repaired, 2 a reboot is due (had it been mounted), 4 left unrepaired.
    if code & ~7 != 0 {
      throw BlockDeviceError(action, code: .other, command, output)
    }
    if code & 4 != 0 {
      let damage = BlockDeviceError(action, code: .fileSystemDamaged, command, output)
      throw BlockDeviceError(
        code: .fileSystemDamaged,
        message: """
          \(damage.message); it is not mounted. Make a copy or a snapshot of the volume, then run \
          'e2fsck -f' on it by hand
          """)
    }
  }
}

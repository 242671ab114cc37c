internal import Command
internal import Linux

extension BlockDevices {
  /// Makes an unmounted file system fit to be mounted.  ext4: `e2fsck -p` replays the journal and
  /// repairs what is safe.  xfs: the mount replays; nothing to do.
  ///
  /// Returns the file system's own size, bytes, as its superblock has it; nil when it has none.  What
  /// the journal still holds of a growth is not in it.
  @discardableResult
  public func check(
    _ type: FileSystemType, on device: BlockDevice, deadline: ContinuousClock.Instant
  ) async throws(BlockDeviceError) -> UInt64? {
    let action = "check \(type.rawValue) on \(device)"
    let scan = try await read(.touch, of: device, action, deadline: deadline)
    let size = type.size(superblock: scan.head)
    guard type == .ext4 else { return size }
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
    return size
  }
}

internal import Command
internal import Linux

extension BlockDevices {
  /// The format gate's probe: exclusive open, identity, size, blkid's low-level probing with partition
  /// tables, and, where that finds nothing, reads of both ends and of samples between.
  ///
  /// `empty` only when blkid found nothing and every byte read, before blkid and after it, is zero:
  /// blkid's exit code 2 also says that it could not read.  The second reading shows that the device
  /// could be read all along, and that it was this one that blkid opened.
  public func content(
    of device: BlockDevice, deadline: ContinuousClock.Instant
  ) async throws(BlockDeviceError) -> DeviceContent {
    let action = "probe \(device)"
    let before = try await read(.touch, of: device, action, deadline: deadline)
    let command = Command("blkid", ["--probe", "--output", "export", device.path])
    let output = try await run(command, action, deadline: deadline)
    // Where something was found the bytes are not needed, only that it was this device.
    let regions: Regions = output.termination == .exited(2) ? .probe : .touch
    let after = try await read(regions, of: device, action, deadline: deadline)
    switch output.termination {
    case .exited(0):
      guard let report = BlkidReport(parsing: output.standardOutput) else {
        return .other(type: "something that blkid names in more than one way")
      }
      return report.content
    case .exited(2) where output.standardOutput.isEmpty:
      if let offset = before.firstNonZero ?? after.firstNonZero {
        return .unknownData(offset: offset)
      }
      return .empty(ProvenEmpty(readFrom: after))
    case .exited(8):
      return .other(type: "something ambiguous (several signatures contradict each other)")
    default:
      throw BlockDeviceError(action, code: .other, command, output)
    }
  }
}

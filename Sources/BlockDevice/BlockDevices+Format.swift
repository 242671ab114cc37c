internal import Command
internal import Linux

extension BlockDevices {
  /// Makes a file system on a device that `proof` is of.  The device is opened exclusively, compared
  /// and read once more right before, since the proof may have become old while it waited; mkfs opens
  /// it exclusively as well.
  ///
  /// `options` follow ours, so that they win where both say something.  Once mkfs has begun the
  /// deadline leaves the device half made: give it time.
  public func makeFileSystem(
    _ type: FileSystemType, on device: BlockDevice, provenBy proof: ProvenEmpty,
    options: [String], deadline: ContinuousClock.Instant
  ) async throws(BlockDeviceError) {
    let action = "make \(type.rawValue) on \(device)"
    guard proof.device == device.number else {
      throw BlockDeviceError(
        code: .wrongDevice, message: "\(action): the proof of emptiness is of \(proof.device)")
    }
    guard proof.size == device.size else {
      throw BlockDeviceError(
        code: .wrongSize,
        message: "\(action): the proof of emptiness is of \(proof.size) bytes, not \(device.size)")
    }
    let found = try await read(.probe, of: device, action, deadline: deadline)
    if let offset = found.firstNonZero, !proof.resumes {
      throw BlockDeviceError(
        code: .refused,
        message: "\(action): it was empty, but somebody has written at byte \(offset) since")
    }
    let command = type.makeCommand(
      on: device, options: options, overHalfOfOurs: proof.resumes)
    let output = try await run(command, action, deadline: deadline)
    switch output.termination {
    case .exited(0): return
    case .exited: throw BlockDeviceError(action, code: .refused, command, output)
    case .signaled: throw BlockDeviceError(action, code: .other, command, output)
    }
  }
}

extension FileSystemType {
  /// Neither program is told to force anything: what is theirs to refuse they shall refuse. But for
  /// mkfs.xfs over what an interrupted mkfs.xfs left, which it would take for a file system.
  ///
  /// Nor to discard: the device is empty, so there is nothing to gain, it takes minutes on large
  /// volumes of some targets, and should all proof have been wrong, what was between the samples is
  /// still there.  Blocks reserved for root (`-m 0`) make no sense on a volume of one application.
  fileprivate func makeCommand(
    on device: BlockDevice, options: [String], overHalfOfOurs resumes: Bool
  ) -> Command {
    switch self {
    case .ext4:
      Command("mkfs.ext4", ["-q", "-m", "0", "-E", "nodiscard"] + options + [device.path])
    case .xfs:
      Command("mkfs.xfs", ["-q", "-K"] + (resumes ? ["-f"] : []) + options + [device.path])
    }
  }
}

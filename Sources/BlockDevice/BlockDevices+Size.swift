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

  /// The file system's own size from its superblock on the device, bytes; needs no mount.
  ///
  /// After growing, a mounted xfs has its new size in the log only (measured): until it is unmounted,
  /// or mounted again after a crash, this is the old one.  Of what is mounted statfs(2) knows better.
  public func fileSystemSize(
    _ type: FileSystemType, on device: BlockDevice, deadline: ContinuousClock.Instant
  ) async throws(BlockDeviceError) -> UInt64 {
    let action = "size of the \(type.rawValue) on \(device)"
    try requireIdentity(of: device, action)
    let command =
      switch type {
      case .ext4:
        Command("dumpe2fs", ["-h", device.path])
      case .xfs:
        Command("xfs_db", ["-r", "-c", "sb 0", "-c", "print dblocks blocksize", device.path])
      }
    let output = try await run(command, action, deadline: deadline)
    guard output.succeeded else {
      throw BlockDeviceError(action, code: .other, command, output)
    }
    guard let size = type.size(printed: output.standardOutput) else {
      throw BlockDeviceError(
        code: .other, message: "\(action): \(command.program) does not say what it should")
    }
    return size
  }
}

extension FileSystemType {
  /// The size in what `dumpe2fs -h` or xfs_db print.  Each of the two numbers must be there just once:
  /// the volume's label is in dumpe2fs' text too.
  func size(printed text: String) -> UInt64? {
    let (names, sign): ([String], Character) =
      switch self {
      case .ext4: (["Block count", "Block size"], ":")
      case .xfs: (["dblocks", "blocksize"], "=")
      }
    var product: UInt64 = 1
    for name in names {
      let numbers = text.split(separator: "\n").compactMap { line -> Substring? in
        let parts = line.split(separator: sign, maxSplits: 1).map { $0.trimmingSpaces }
        return parts.count == 2 && parts[0] == name ? parts[1] : nil
      }
      guard numbers.count == 1, let number = UInt64(numbers[0]), number > 0 else { return nil }
      let (next, overflow) = product.multipliedReportingOverflow(by: number)
      guard !overflow else { return nil }
      product = next
    }
    return product
  }
}

extension Substring {
  fileprivate var trimmingSpaces: Substring {
    let start = drop { $0 == " " || $0 == "\t" }
    guard let end = start.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
    return start[...end]
  }
}

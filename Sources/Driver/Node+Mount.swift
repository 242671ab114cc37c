internal import BlockDevice
internal import Linux
internal import Mount
internal import NVMe

extension Node {
  /// Looks at what is on the volume's disk, makes a file system if that is nothing, repairs what is to be
  /// repaired, and mounts it at the staging path. Returns the record as it is then.
  func mount(
    _ staging: StageRecord, _ disk: PinnedDisk, _ type: FileSystemType, _ operation: Operation
  ) async throws(DriverError) -> StageRecord {
    var record = staging
    let device = disk.device
    let life = Self.bootID.flatMap { bootID in
      disk.namespace.diskSequence.map {
        StageRecord.FormatIntent(bootID: bootID, diskSequence: $0)
      }
    }
    let content = try await operation.step("probe") {
      () async throws(BlockDeviceError) -> DeviceContent in
      let content = try await devices.content(of: device, deadline: operation.deadline)
      // mkfs.xfs writes the superblock first and marks it as in progress until the end.
      if staging.formatting != nil, case .fileSystem(FileSystemType.xfs.rawValue, _) = content,
        try await devices.isHalfMadeXFS(device, deadline: operation.deadline)
      {
        return .unknownData(offset: 0)
      }
      return content
    }
    try requireHeld(disk, of: record)
    let resumes = life != nil && staging.formatting == life
    if let what = content.refusal(wanted: type, resuming: resumes) {
      metrics.refusedToFormat(what)
    }
    var size: UInt64?
    switch try FormatGate.decide(content, on: device, for: staging, wanted: type, life: life) {
    case .keep:
      // The journal of a read-only volume is the mount's to replay, not a repair's.
      if record.access.mode.isReadOnly { break }
      size = try await operation.step("check") { () async throws(BlockDeviceError) -> UInt64? in
        try await devices.check(type, on: device, deadline: .forWork(after: operation.deadline))
      }
      try requireHeld(disk, of: record)
    case .format(let proof):
      record.formatting = life
      let intent = record
      try await operation.step("intent") { () async throws(DriverError) in
        try await records.save(intent)
      }
      try requireHeld(disk, of: record)
      try await operation.step("format") { () async throws(BlockDeviceError) -> Void in
        try await devices.makeFileSystem(
          type, on: device, provenBy: proof, options: intent.source.mkfsOptions,
          deadline: .forWork(after: operation.deadline))
      }
      try requireHeld(disk, of: record)
      record.formatting = nil
      let formatted = record
      try await operation.step("formatted") { () async throws(DriverError) in
        try await records.save(formatted)
      }
    }
    try await mountStaged(record, disk, operation)
    record.fileSystemErrors = try errorCount(of: record)
    // A clone on a larger volume, or a volume that grew while it was not staged: its file system is
    // made to fill it. Less than a MiB is what mkfs leaves over.
    if let size, size + 1 << 20 < device.size {
      try await operation.step("fill") { () async throws(BlockDeviceError) -> Void in
        try await devices.grow(
          type, on: device, mountedAt: record.stagingPath,
          deadline: .forWork(after: operation.deadline))
      }
    }
    return record
  }

  /// Mounts the volume's file system at its staging path; there already is fine. A mount that cannot be
  /// told to be of the volume's disk is taken away again.
  func mountStaged(
    _ record: StageRecord, _ disk: PinnedDisk, _ operation: Operation
  ) async throws(DriverError) {
    guard case .fileSystem(let type, let flags) = record.access.kind else { return }
    // A clone of an xfs has the UUID of its origin, and xfs refuses to mount two of a kind. Which
    // volume it is was settled by the namespace's identity.
    var options = try mountOptions(flags + (type == .xfs ? ["nouuid"] : []))
    if record.access.mode.isReadOnly { options.readOnly = true }
    let checked = options
    try await operation.step("mount") { () async throws(DriverError) in
      try createDirectory(record.stagingPath)
      try await translating { () async throws(MountError) -> Void in
        try await mounts.mount(
          disk.device.path, device: disk.device.number, at: record.stagingPath,
          type: type.rawValue, options: checked, deadline: operation.deadline)
      }
    }
    do throws(DriverError) {
      try requireHeld(disk, of: record)
    } catch {
      try await translating { () async throws(MountError) in
        try await mounts.unmount(record.stagingPath, deadline: operation.deadline)
      }
      throw error
    }
  }
}

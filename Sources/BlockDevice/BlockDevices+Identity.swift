internal import Linux

extension BlockDevices {
  /// How much of a device is read.
  struct Regions {
    let edges: UInt64
    let samples: Int

    /// First and last MiB, where partition tables, superblocks and RAID members are, and 64 samples
    /// between, for data of a kind that has no signature.
    static let probe = Regions(edges: 1 << 20, samples: 64)
    /// Just enough to know that reads work.
    static let touch = Regions(edges: 4096, samples: 0)
  }

  /// Opens the device exclusively, so that nobody has it mounted or mapped, compares its number and
  /// its size, and reads.  Any read that fails is an error.
  func read(
    _ regions: Regions, of device: BlockDevice, _ action: String,
    deadline: ContinuousClock.Instant
  ) async throws(BlockDeviceError) -> RegionScan {
    let found: RegionScan
    do {
      found = try await scan(device.path, true, regions.edges, regions.samples, deadline)
    } catch {
      throw BlockDeviceError(action, error)
    }
    guard found.device == device.number else {
      throw BlockDeviceError(
        code: .wrongDevice,
        message: "\(action): the path leads to \(found.device) now, not to \(device.number)")
    }
    guard found.size == device.size, found.size > 0 else {
      throw BlockDeviceError(
        code: .wrongSize,
        message: "\(action): the device has \(found.size) bytes, not \(device.size)")
    }
    return found
  }

  /// Compares the device number without opening anything: for a device that is mounted.
  func requireIdentity(of device: BlockDevice, _ action: String) throws(BlockDeviceError) {
    let status: FileStatus?
    do {
      status = try Files.status(device.path)
    } catch {
      throw BlockDeviceError(action, error)
    }
    guard let status else {
      throw BlockDeviceError(code: .ioError, message: "\(action): there is no such device")
    }
    guard status.kind == .blockDevice, status.representedDevice == device.number else {
      let found =
        status.kind == .blockDevice
        ? "to \(status.representedDevice) now" : "to a \(status.kind.text)"
      throw BlockDeviceError(
        code: .wrongDevice,
        message: "\(action): the path leads \(found), not to \(device.number)")
    }
  }

  /// That the topmost mount at `mountPoint` is of the device.
  func requireMount(
    of device: BlockDevice, at mountPoint: String, _ action: String
  ) throws(BlockDeviceError) {
    let table: MountTable
    do {
      table = try MountTable.current(procRoot: procRoot)
    } catch {
      throw BlockDeviceError(code: .other, message: "\(action): the mount table: \(error)")
    }
    let mounted = table.mounts(at: mountPoint).last
    guard let mounted, mounted.device == device.number else {
      let found = mounted.map { "a mount of \($0.source) (\($0.device))" } ?? "no mount point"
      throw BlockDeviceError(
        code: .refused, message: "\(action): \(mountPoint) is \(found), not a mount of the device")
    }
  }
}

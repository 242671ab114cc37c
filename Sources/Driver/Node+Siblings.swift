internal import BlockDevice
internal import Linux
internal import NVMe

/// The other namespaces of a volume's subsystem: whoever disconnects it, or has the kernel give it up,
/// takes their disks away as well.
extension Node {
  /// Whether nothing but the volume needs its subsystem.
  func isAlone(_ record: StageRecord) async throws(DriverError) -> Bool {
    guard subsystems.isOnlyUser(record.volume, of: record.source.nqn) else { return false }
    return try await needOfSiblings(record) == nil
  }

  /// Who needs the volume's subsystem beside it; nil when nobody does.
  ///
  /// `SubsystemUsers` counts what could be read when the plugin started. This looks at what there is:
  /// mounts that somebody made by hand, and stage records that cannot be read, whose volumes may be any
  /// of the other namespaces. A subsystem without any other is the volume's own.
  func needOfSiblings(_ record: StageRecord) async throws(DriverError) -> String? {
    let siblings = try subsystems(of: record.source.nqn).flatMap(\.namespaces)
      .filter { $0.nsid != record.source.nsid }
    guard !siblings.isEmpty else { return nil }
    for sibling in siblings {
      if let user = try user(of: sibling) { return "\(sibling.name) is used by \(user)" }
    }
    return try await records.user(of: record.source.nqn, beside: record.volume)
  }

  /// What on this node uses the disk: a mount here, a file system that is alive in another mount namespace
  /// or still being flushed by an earlier unmount, device-mapper or RAID on top. Who has it open as a raw
  /// block device the kernel does not say.
  func user(of disk: Namespace) throws(DriverError) -> String? {
    if let mount = try table().mounts(of: disk.device).first {
      return "the mount at \(mount.mountPoint)"
    }
    if let holder = disk.holders.first { return "the device \(holder)" }
    for type in FileSystemType.allCases where try hasMounted(type, disk) {
      return
        "a mounted \(type.rawValue), in another mount namespace or not flushed yet; retry, and look for "
        + "the holder with `grep \(disk.device) /proc/*/mountinfo`"
    }
    return nil
  }
}

extension StageRecords {
  /// Another volume that has this subsystem, or may have it: what a record that cannot be read would say
  /// is not guessed.
  fileprivate func user(of nqn: NQN, beside volume: VolumeID) async throws(DriverError) -> String? {
    guard let volumes = await volumes() else { return "the stage records cannot be listed" }
    for other in volumes where other != volume {
      do throws(DriverError) {
        guard let record = try await record(of: other), record.source.nqn == nqn else { continue }
        return "volume \(other) is staged from it"
      } catch {
        return "volume \(other) may be staged from it: \(error.message)"
      }
    }
    return nil
  }
}

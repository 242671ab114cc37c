import Foundation
import Lab
import Linux
import NVMe

/// A volume of somebody else's on the same machine, connected with another host identity and mounted by
/// hand, read-only: of its bytes, its mount and its controllers nothing may change.
struct Stranger: Sendable {
  static let mountPoint = "/run/lab/strangers"
  static let file = mountPoint + "/file"

  let volume: TargetVolume
  private let mount: MountInfo
  private let controllers: Set<String>
  private let before: Snapshot

  /// Connects, formats, fills and mounts it.
  init(_ target: NVMeTarget) async throws {
    let host = HostIdentity(nodeID: "somebody else")
    volume = try TargetVolume(
      target, name: "strangers", number: 900, size: 64 << 20, host: host.nqn.rawValue,
      portals: [.init(1), .init(2)])
    for portal in volume.portals {
      try Program.run(
        "nvme", "connect", "--transport=tcp", "--nqn=\(volume.nqn)", "--hostnqn=\(host.nqn)",
        "--hostid=\(host.id)", "--ctrl-loss-tmo=-1", "--reconnect-delay=2",
        "--traddr=\(portal.address)", "--trsvcid=\(portal.port)")
    }
    let volume = volume
    let sysfs = NVMeSysfs()
    try await eventually(within: .seconds(30), "the stranger's disk") {
      try sysfs.subsystem(nqn: NQN(volume.nqn)).flatMap(\.namespaces).contains { $0.size > 0 }
    }
    let subsystem = try sysfs.subsystem(nqn: NQN(volume.nqn))
    guard let disk = subsystem.flatMap(\.namespaces).first else { throw LabError("no disk") }
    controllers = Set(subsystem.flatMap(\.controllers).map(\.name))
    try Files.makeDirectories(Self.mountPoint, mode: 0o755)
    try Program.run("mkfs.ext4", "-q", "/dev/\(disk.name)")
    try Program.run("mount", "-o", "noinit_itable", "/dev/\(disk.name)", Self.mountPoint)
    try Program.run("dd", "if=/dev/urandom", "of=\(Self.file)", "bs=1M", "count=4", "conv=fsync")
    try Program.run("umount", Self.mountPoint)
    try Program.run("mount", "-o", "ro,noload", "/dev/\(disk.name)", Self.mountPoint)
    guard let mount = try MountTable.current().mounts(at: Self.mountPoint).last else {
      throw LabError("\(Self.mountPoint) is no mount")
    }
    self.mount = mount
    before = try Snapshot(volume.backingFile)
  }

  /// What has changed of its mount and its connections; nil for nothing.
  func disturbance() throws -> String? {
    let now = try MountTable.current().mounts(at: Self.mountPoint)
    guard now == [mount] else { return "mounts at \(Self.mountPoint): \(now), before: \(mount)" }
    let names = Set(
      try NVMeSysfs().subsystem(nqn: NQN(volume.nqn)).flatMap(\.controllers).map(\.name))
    guard names == controllers else {
      return "controllers \(names.sorted()), before: \(controllers.sorted())"
    }
    return nil
  }

  /// Whether every byte is as it was.
  func isUnchanged() throws -> Bool { try Snapshot(volume.backingFile) == before }

  /// Takes it away.
  func remove() throws {
    try Program.run("umount", Self.mountPoint)
    try Program.run("nvme", "disconnect", "--nqn=\(volume.nqn)")
    try volume.delete()
  }
}

/// A volume that holds data of no known kind, and that the plugin is asked to make an ext4 of.
struct Decoy: Sendable {
  let volume: TargetVolume
  private let before: Snapshot

  init(_ target: NVMeTarget, host: String) throws {
    volume = try TargetVolume(
      target, name: "decoy", number: 901, size: 32 << 20, host: host, portals: [.init(3)])
    try Program.run(
      "dd", "if=/dev/urandom", "of=\(volume.backingFile)", "bs=1M", "seek=9", "count=2",
      "conv=notrunc")
    before = try Snapshot(volume.backingFile)
  }

  func isUnchanged() throws -> Bool { try Snapshot(volume.backingFile) == before }
}

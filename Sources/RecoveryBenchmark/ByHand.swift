import Glibc
import Lab
import Linux
import NVMe

/// What an administrator, or a simple agent, does with the programs that the driver uses too: nothing
/// is recorded, verified or made safe.
struct ByHand: Sendable {
  let host: HostIdentity
  let use: LabNode.Use
  let ctrlLossTimeout: Int

  private func staging(_ volume: TargetVolume) -> String {
    "/run/lab/kubelet/by-hand/\(volume.name)"
  }
  /// Where the pod has it.
  func target(_ volume: TargetVolume) -> String {
    "/run/lab/kubelet/by-hand-pods/\(volume.name)"
  }

  /// Connects, formats, mounts and binds; returns the path for the pod.
  func publish(_ volume: TargetVolume) throws -> String {
    try connect(volume)
    let disk = try waitForDisk(volume)
    if case .fileSystem(let type, _) = use {
      try Program.run("mkfs.\(type)", "-q", "/dev/\(disk.name)")
    }
    try place(volume, disk)
    return target(volume)
  }

  /// One look: when the kernel has given the volume up, connects again; when its disk is another one,
  /// puts that in the old one's place.
  func repair(_ volume: TargetVolume) throws {
    let subsystems = try NVMeSysfs().subsystem(nqn: NQN(volume.nqn))
    let controllers = subsystems.flatMap(\.controllers).filter { !$0.state.isGoing }
    if controllers.isEmpty {
      try connect(volume)
    } else if !controllers.contains(where: { $0.state == .live }) {
      return
    }
    let disk = try waitForDisk(volume)
    guard try device(volume) != disk.device else { return }
    if use != .block {
      for path in [target(volume), staging(volume)] {
        try Program.run("umount", "-l", path, accepting: [0, 32])
      }
      // xfs: the mount replays the journal.
      if use == .ext4 { try Program.run("e2fsck", "-p", "/dev/\(disk.name)", accepting: [0, 1]) }
    }
    try place(volume, disk)
  }

  func remove(_ volume: TargetVolume) throws {
    if use == .block {
      try Files.unlink(target(volume))
    } else {
      for path in [target(volume), staging(volume)] { try Program.run("umount", path) }
    }
    try Program.run("nvme", "disconnect", "--nqn=\(volume.nqn)")
  }

  private func connect(_ volume: TargetVolume) throws {
    for portal in volume.portals {
      try Program.run(
        "nvme", "connect", "--transport=tcp", "--nqn=\(volume.nqn)", "--hostnqn=\(host.nqn)",
        "--hostid=\(host.id)", "--ctrl-loss-tmo=\(ctrlLossTimeout)", "--reconnect-delay=2",
        "--config=none", "--output-format=json", "--traddr=\(portal.address)",
        "--trsvcid=\(portal.port)")
    }
  }

  private func place(_ volume: TargetVolume, _ disk: Namespace) throws {
    let target = target(volume)
    guard case .fileSystem(let type, _) = use else {
      try Files.makeDirectories("/run/lab/kubelet/by-hand-pods", mode: 0o755)
      return try Files.replaceWithBlockNode(target, device: disk.device, mode: 0o600)
    }
    for path in [staging(volume), target] { try Files.makeDirectories(path, mode: 0o755) }
    try Program.run("mount", "-t", type, "/dev/\(disk.name)", staging(volume))
    try Program.run("mount", "--bind", staging(volume), target)
  }

  /// What the pod's path leads to now.
  private func device(_ volume: TargetVolume) throws -> DeviceNumber? {
    if use == .block { return try Files.status(target(volume))?.representedDevice }
    return try MountTable.current().mounts(at: target(volume)).last?.device
  }

  private func waitForDisk(_ volume: TargetVolume) throws -> Namespace {
    let end = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < end {
      let disks = try NVMeSysfs().subsystem(nqn: NQN(volume.nqn)).flatMap(\.namespaces)
      if let disk = disks.first(where: { $0.size > 0 }) { return disk }
      usleep(5_000)
    }
    throw LabError("no disk of \(volume.nqn)")
  }
}

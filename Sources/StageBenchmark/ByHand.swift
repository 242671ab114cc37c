import Glibc
import Lab
import Linux
import NVMe

/// What an administrator would do to stage and unstage a volume, with the programs and the arguments
/// that the driver uses. Nothing is recorded, verified or made safe.
struct ByHand {
  let host: HostIdentity

  func mountPoint(_ volume: TargetVolume) -> String { "/run/lab/by-hand/\(volume.name)" }

  func stage(_ volume: TargetVolume) throws -> Timeline {
    var timeline = Timeline()
    try timeline.step("connect") {
      for portal in volume.portals {
        try Program.run(
          "nvme", "connect", "--transport=tcp", "--nqn=\(volume.nqn)", "--hostnqn=\(host.nqn)",
          "--hostid=\(host.id)", "--ctrl-loss-tmo=-1", "--reconnect-delay=2", "--config=none",
          "--output-format=json", "--traddr=\(portal.address)", "--trsvcid=\(portal.port)")
      }
    }
    let device = try timeline.step("namespace") { "/dev/" + (try waitForNamespace(volume)) }
    let probe = try timeline.step("probe") {
      try Program.run("blkid", "--probe", "--output", "export", device, accepting: [0, 2])
    }
    if probe.status == 2 {
      try timeline.step("format") {
        try Program.run("mkfs.ext4", "-q", "-m", "0", "-E", "nodiscard", device)
      }
    } else {
      try timeline.step("check") { try Program.run("e2fsck", "-p", device, accepting: [0, 1]) }
    }
    try timeline.step("mount") {
      try Files.makeDirectories(mountPoint(volume), mode: 0o750)
      try Program.run("mount", "-t", "ext4", device, mountPoint(volume))
    }
    return timeline
  }

  func unstage(_ volume: TargetVolume) throws -> Timeline {
    var timeline = Timeline()
    try timeline.step("unmount") { try Program.run("umount", mountPoint(volume)) }
    try timeline.step("disconnect") {
      for controller in try subsystems(volume).flatMap(\.controllers) {
        try Program.run("nvme", "disconnect", "--device=\(controller.name)")
      }
    }
    return timeline
  }

  private func waitForNamespace(_ volume: TargetVolume) throws -> String {
    let end = ContinuousClock.now + .seconds(30)
    while ContinuousClock.now < end {
      let namespaces = try subsystems(volume).flatMap(\.namespaces)
      if let found = namespaces.first(where: { $0.size > 0 }) { return found.name }
      usleep(1_000)
    }
    throw LabError("no namespace of \(volume.nqn)")
  }

  private func subsystems(_ volume: TargetVolume) throws -> [Subsystem] {
    try NVMeSysfs().subsystem(nqn: try NQN(volume.nqn))
  }
}

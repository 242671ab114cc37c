internal import NVMe
internal import Synchronization
internal import Udev

/// Which volumes a uevent is about: whose subsystem it names, by what the last look at each volume saw.
///
/// So an event costs a look at the volume that it is about and at no other. The controller that a failed
/// connect of ours makes and removes again was never seen by a look, and wakes nobody.
final class Sightings: Sendable {
  /// Whom a uevent is about.
  enum Subject: Hashable, Sendable {
    /// A controller or a subsystem, by its name in sysfs: `nvme3`, `nvme-subsys3`.
    case device(String)
    /// One that has just come; nothing can be done with it before the kernel says that it is connected,
    /// or shows a disk.
    case newController
    /// No NVMe device.
    case other

    /// Kernel source: nvme_class_uevent() and nvme_start_ctrl(), drivers/nvme/host/core.c.
    init(_ event: UdevEvent) {
      let path = event.sysfsPath.split(separator: "/")
      switch event.subsystem {
      case "nvme":
        guard event.action != "add", let name = path.last else {
          self = .newController
          return
        }
        self = .device(String(name))
      case "block":
        // The parent of a disk is its subsystem, or without native multipath its controller.
        guard let parent = path.dropLast().last, parent.hasPrefix("nvme") else {
          self = .other
          return
        }
        self = .device(String(parent))
      default: self = .other
      }
    }
  }

  private struct State {
    var names: [VolumeID: Set<String>] = [:]
    var volumes: [String: Set<VolumeID>] = [:]

    mutating func set(_ names: Set<String>, of volume: VolumeID) {
      let before = self.names[volume] ?? []
      guard before != names else { return }
      for name in before.subtracting(names) {
        volumes[name]?.remove(volume)
        if volumes[name]?.isEmpty == true { volumes[name] = nil }
      }
      for name in names.subtracting(before) { volumes[name, default: []].insert(volume) }
      self.names[volume] = names.isEmpty ? nil : names
    }
  }

  private let state = Mutex(State())

  /// A look at a volume saw these subsystems of its NQN.
  func saw(_ subsystems: [Subsystem], of nqn: NQN, for volume: VolumeID) {
    var names: Set<String> = [nqn.rawValue]
    for subsystem in subsystems {
      names.insert(subsystem.name)
      for controller in subsystem.controllers { names.insert(controller.name) }
    }
    state.withLock { $0.set(names, of: volume) }
  }

  /// The volumes of a device, or of an NQN.
  func volumes(of name: String) -> Set<VolumeID> { state.withLock { $0.volumes[name] ?? [] } }

  /// Only these have a record any more.
  func forgetAll(but volumes: [VolumeID]) {
    let kept = Set(volumes)
    state.withLock { state in
      for volume in state.names.keys where !kept.contains(volume) { state.set([], of: volume) }
    }
  }
}

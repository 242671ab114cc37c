import CSI
import Foundation
import Lab
import NVMe

/// A volume's life as its node sees it, through the driver's public interface and on the real kernel.
///
/// Everything is asked of the driver over its CSI socket and checked against somebody else: the
/// kernel's sysfs and mount table, the target's own file, a writer's checksums.
final class Story {
  let timeline: Timeline
  let node: LabNode
  /// Makes the volumes and exports them, with the kernel's target.
  let controller: LabController
  /// With the last export at one its socket closes.
  let portals = [TargetVolume.Portal(1), TargetVolume.Portal(2)]
  private var volumes: [TargetVolume] = []

  /// The file system volume, published and being written to.
  struct Mounted {
    let volume: TargetVolume
    let use: LabNode.Use
    let path: String
    let writer: ChecksumWriter
  }

  /// A raw block volume's name and what was written to it.
  struct Raw {
    let volume: TargetVolume
    let records: ChecksumWriter
  }

  init(_ timeline: Timeline) throws {
    self.timeline = timeline
    node = try LabNode("demo-node")
    controller = try LabController("demo-storage", portals: portals)
  }

  /// From the driver's start to its end.
  func tell() async throws {
    try await begin()
    let mounted = try await mountVolume()
    try await losePath(mounted)
    try await loseTarget(mounted)
    try await repeatCalls(mounted)
    try await grow(mounted)
    try await stopAndVerify(mounted)
    try await renumber(mounted)
    let raw = try await refuseAndServeBlock()
    try await refuseToFormat(raw)
    try await takeDown(mounted)
    try await end()
  }

  /// A volume of the controller's that this node may use.
  func makeVolume(_ name: String, size: Int64, _ use: LabNode.Use) async throws -> TargetVolume {
    let capability = node.capability(use)
    let volume = try await timeline.step("CreateVolume \(name), \(size >> 20) MiB") {
      try await controller.create(name, size: size, capability)
    }
    volumes.append(volume)
    try await timeline.step("ControllerPublishVolume to \(node.driver.nodeID)") {
      try await controller.publish(volume, to: node.driver.nodeID, capability)
    }
    return volume
  }

  /// After a failure: exports everything again, so that no process stays in an uninterruptible sleep
  /// and this one can end.
  func release() async {
    for volume in volumes { try? volume.portUp() }
    try? await Task.sleep(for: .seconds(5))
  }

  /// The node loses its right to every volume, and then they go.
  func deleteVolumes() async throws {
    for volume in volumes {
      try await timeline.step("ControllerUnpublishVolume, DeleteVolume \(volume.name)") {
        try await controller.unpublish(volume, from: node.driver.nodeID)
        try await controller.delete(volume)
      }
    }
    volumes = []
  }

  // MARK: What others see

  /// This node's controllers of the volume, by sysfs.
  func controllers(_ volume: TargetVolume) throws -> [Controller] {
    try NVMeSysfs().subsystem(nqn: NQN(volume.nqn)).flatMap(\.controllers)
      .filter { $0.hostNQN == node.host.nqn.rawValue }.sorted { $0.name < $1.name }
  }

  /// `nvme0 live, nvme1 connecting`
  func states(_ volume: TargetVolume) throws -> String {
    let states = try controllers(volume).map { "\($0.name) \($0.state.rawValue)" }
    return states.isEmpty ? "none" : states.joined(separator: ", ")
  }

  /// The volume's disk, by sysfs.
  func namespace(_ volume: TargetVolume) throws -> Namespace {
    let all = try NVMeSysfs().subsystem(nqn: NQN(volume.nqn)).flatMap(\.namespaces)
    guard let only = all.first, all.count == 1 else {
      throw StoryError("\(volume.nqn) has \(all.count) disks")
    }
    return only
  }

  /// The kernel's lines of mounts at a path.
  func mounts(at path: String) throws -> [String] {
    try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8).split(separator: "\n")
      .filter { $0.split(separator: " ").dropFirst(4).first == path[...] }.map(String.init)
  }

  /// Waits until that many controllers are live.
  func waitForLive(_ count: Int, _ volume: TargetVolume) async throws {
    try await eventually(within: .seconds(60), "\(count) live controllers") {
      try controllers(volume).count { $0.state == .live } == count
    }
  }

  /// The volume's condition as the driver has it.
  func condition(_ mounted: Mounted) async throws -> VolumeCondition {
    let stats = try await node.stats(mounted.volume, at: mounted.path)
    guard let condition = stats.volumeCondition else {
      throw StoryError("NodeGetVolumeStats gives no condition")
    }
    return condition
  }

  // MARK: Where the driver's time went

  /// What the driver logged of its last operation of that name on a volume: its steps, in order.
  func steps(of operation: String, _ volume: TargetVolume) throws -> [(name: String, time: String)]
  {
    let log = try String(contentsOfFile: node.driver.logFile, encoding: .utf8)
    let line = log.split(separator: "\n").last {
      $0.contains("operation finished") && $0.contains("operation=\(operation) ")
        && $0.contains("volume=\(volume.name)")
    }
    guard let line else { throw StoryError("the log has no finished \(operation)") }
    return line.matches(of: /([a-z]+)=([0-9]+)ms/).map { (String($0.1), String($0.2)) }
  }

  /// Prints them: `in the driver: connect 812, mount 31 ms`.
  func noteSteps(of operation: String, _ volume: TargetVolume) throws {
    let steps = try steps(of: operation, volume).map { "\($0.name) \($0.time)" }
    timeline.note("in the driver: " + steps.joined(separator: ", ") + " ms")
  }
}

import CSI
import Foundation
import GRPC
import Lab
import NVMe

extension Story {
  /// The driver comes up and says who it is.
  func begin() async throws {
    let version = try runProgram(["uname", "-r"]).filter { !$0.isNewline }
    timeline.chapter("The driver comes up on Linux \(version)")
    try await timeline.step("controller started: it can make volumes") {
      try await controller.start()
    }
    try await timeline.step("node plugin started") { try await node.start() }
    let (plugin, capabilities, info) = try await timeline.step("who are you?") {
      try await node.withClient { client in
        (
          try await IdentityClient(client).getPluginInfo(deadline: .now + .seconds(10)),
          try await NodeClient(client).getCapabilities(deadline: .now + .seconds(10)),
          try await NodeClient(client).getInfo(deadline: .now + .seconds(10))
        )
      }
    }
    timeline.note("\(plugin.name) \(plugin.vendorVersion), node \(info.nodeID)")
    timeline.note("host NQN \(node.host.nqn.rawValue)")
    timeline.note("can: " + capabilities.capabilities.map { "\($0)" }.joined(separator: ", "))
    try timeline.prove(
      .serves,
      plugin.name == "nvmeof.csi.dev" && info.nodeID == node.driver.nodeID
        && capabilities.capabilities.contains(.stageUnstageVolume),
      "GetPluginInfo, NodeGetInfo and NodeGetCapabilities answered")
  }

  /// An empty volume becomes a file system in a pod, and somebody writes to it.
  func mountVolume() async throws -> Mounted {
    timeline.chapter("A volume with two portals: create, connect, format, mount, publish, write")
    let use = LabNode.Use.ext4
    let volume = try await makeVolume("db-0", size: 512 << 20, use)
    for (key, value) in volume.context.sorted(by: { $0.key < $1.key }) {
      timeline.note("\(key): \(value)")
    }
    let hosts = try controller.target.allowedHosts(volume.nqn)
    try timeline.prove(
      .provisions,
      hosts == [node.host.nqn.rawValue]
        && volume.portals.map(\.description) == portals.map(\.description),
      "exported at \(volume.portals.map(\.description).joined(separator: " and ")) to \(hosts)")
    try await timeline.step("NodeStageVolume") { try await node.stage(volume, use) }
    try noteSteps(of: "stage", volume)
    let path = try await timeline.step("NodePublishVolume") { try await node.publish(volume, use) }
    try noteSteps(of: "publish", volume)

    let formatted = try steps(of: "stage", volume).contains { $0.name == "format" }
    let live = try controllers(volume).count { $0.state == .live }
    let disk = try namespace(volume)
    let mount = try mounts(at: path)
    try timeline.prove(
      .formats,
      formatted && live == 2 && mount.count == 1 && mount[0].contains(" - ext4 /dev/\(disk.name) "),
      "formatted; \(try states(volume)); ext4 of /dev/\(disk.name) mounted at the pod's path")

    let writer = ChecksumWriter(path: path + "/records")
    try await timeline.step("a writer starts: 4 KiB records, checksummed, fsync after each") {
      writer.start(pause: .milliseconds(15))
      try await eventually(within: .seconds(20), "50 records") { writer.acknowledged >= 50 }
    }
    timeline.note(
      "\(writer.acknowledged) acknowledged, longest wait \(writer.longestWait.milliseconds) ms")
    return Mounted(volume: volume, use: use, path: path, writer: writer)
  }

  /// What the kubelet may do at any time: ask again for what there is.
  func repeatCalls(_ mounted: Mounted) async throws {
    timeline.chapter("Every call again, by the driver's second life")
    let volume = mounted.volume
    try await timeline.step("NodeStageVolume again") { try await node.stage(volume, mounted.use) }
    try noteSteps(of: "stage", volume)
    let doing = Set(try steps(of: "stage", volume).map(\.name))
    try await timeline.step("NodePublishVolume again") {
      try await node.publish(volume, mounted.use)
    }
    try noteSteps(of: "publish", volume)
    let count = try mounts(at: mounted.path).count
    let controllers = try controllers(volume).count
    try timeline.prove(
      .idempotent,
      doing.isDisjoint(with: ["format", "mount", "probe"]) && count == 1 && controllers == 2,
      "no format, no second mount, no third connection; the writer is at \(mounted.writer.acknowledged)"
    )
  }

  /// The volume grows while it is written to.
  func grow(_ mounted: Mounted) async throws {
    timeline.chapter("Expansion online, 512 MiB to 768 MiB")
    let size: Int64 = 768 << 20
    let before = try mebibytes(at: mounted.path)
    let count = mounted.writer.acknowledged
    let made = try await timeline.step("ControllerExpandVolume") {
      try await controller.expand(mounted.volume, to: size)
    }
    let answer = try await timeline.step("NodeExpandVolume") {
      try await node.expand(mounted.volume, at: mounted.path, to: size)
    }
    try noteSteps(of: "expand", mounted.volume)
    let after = try mebibytes(at: mounted.path)
    let stats = try await node.stats(mounted.volume, at: mounted.path)
    let reported = stats.usage.first { $0.unit == .bytes }.map { $0.total >> 20 } ?? 0
    try await eventually(within: .seconds(10), "the writer to go on") {
      mounted.writer.acknowledged > count
    }
    try timeline.prove(
      .grows,
      made == size && answer == size && before < 512 && after > 690 && after <= 768
        && reported == after
        && mounted.writer.failure == nil,
      """
      statfs(2) of the pod's path: \(before) MiB before, \(after) MiB after; NodeGetVolumeStats: \
      \(reported) MiB; \(mounted.writer.acknowledged - count) records acknowledged meanwhile
      """)
  }

  /// The kernel's word for the size of a file system.
  private func mebibytes(at path: String) throws -> Int64 {
    let attributes = try FileManager.default.attributesOfFileSystem(forPath: path)
    guard let size = attributes[.systemSize] as? NSNumber else {
      throw StoryError("no size of the file system at \(path)")
    }
    return size.int64Value >> 20
  }

  /// The writer ends and every record is read back.
  func stopAndVerify(_ mounted: Mounted) async throws {
    timeline.chapter("Was anything lost?")
    let writer = mounted.writer
    try await timeline.step("the writer ends") { try await writer.stop() }
    let wrong = try await timeline.step("every record read back, past the page cache") {
      try writer.verify()
    }
    try timeline.prove(
      .keepsRecords, wrong == 0 && writer.failure == nil && writer.acknowledged > 100,
      """
      \(writer.acknowledged) records acknowledged, \(wrong) wrong; no write failed\
      \(writer.failure.map { ": \($0)" } ?? "")
      """)
  }
}

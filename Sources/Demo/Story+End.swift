import Foundation
import Lab
import NVMe

extension Story {
  /// The volume leaves the node, comes back with its data, and leaves for good.
  func takeDown(_ mounted: Mounted) async throws {
    timeline.chapter("The pod goes, and comes back")
    let (volume, use) = (mounted.volume, mounted.use)
    try await leave(volume, use)
    let gone = try controllers(volume).isEmpty && mounts(at: mounted.path).isEmpty
    timeline.note("controllers: \(try states(volume))")
    try await timeline.step("NodeStageVolume, NodePublishVolume") {
      try await node.stage(volume, use)
      try await node.publish(volume, use)
    }
    try noteSteps(of: "stage", volume)
    let did = Set(try steps(of: "stage", volume).map(\.name))
    let wrong = try await timeline.step("every record read back") { try mounted.writer.verify() }
    try timeline.prove(
      .keepsFileSystem, gone && !did.contains("format") && did.contains("check") && wrong == 0,
      "no format, a check; \(mounted.writer.acknowledged) records, \(wrong) wrong")
    try await leave(volume, use)
  }

  private func leave(_ volume: TargetVolume, _ use: LabNode.Use) async throws {
    try await timeline.step("NodeUnpublishVolume") { try await node.unpublish(volume, use) }
    try await timeline.step("NodeUnstageVolume") { try await node.unstage(volume, use) }
    try noteSteps(of: "unstage", volume)
  }

  /// Nothing is left, and the driver ends when it is told to.
  func end() async throws {
    timeline.chapter("What is left")
    let leftovers = try await timeline.step("mounts, nodes, controllers, records, stuck processes")
    {
      try node.leftovers()
    }
    let stayed = node.driver.isRunning
    try await timeline.step("SIGTERM: the driver ends") { _ = try await node.driver.stop() }
    try timeline.prove(
      .leavesNothing, leftovers.isEmpty && stayed,
      leftovers.isEmpty ? "nothing" : leftovers.joined(separator: "\n"))
    try await deleteVolumes()
    let remains = try controller.leftovers()
    try await timeline.step("SIGTERM: the controller ends") {
      _ = try await controller.process.stop()
    }
    try timeline.prove(
      .deletes, remains.isEmpty,
      remains.isEmpty ? "no subsystem, no file" : remains.joined(separator: "\n"))
  }
}

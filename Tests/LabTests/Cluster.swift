import CSI
import Foundation
import GRPC
import Lab
import Synchronization
import Testing

/// Both halves of the driver, each in a process of its own, and a pool: made for one test and gone
/// after it.
struct Cluster: Sendable {
  let controller: LabController
  let node: LabNode
  var pool: LabPool { controller.pool }

  private static let counter = Atomic(0)

  /// Runs `body` with both up; afterwards nothing may be left on the node, at the target or in the pool.
  static func run(
    on kind: LabPool.Kind, bytes: Int64 = 1 << 30, _ body: (Cluster) async throws -> Void
  ) async throws {
    let number = counter.add(1, ordering: .relaxed).newValue
    let pool = LabPool(kind, name: "pool-\(number)", bytes: bytes)
    try pool.make()
    let cluster = Cluster(
      controller: try LabController(
        "storage-\(number)", portals: [TargetVolume.Portal(60, address: "127.0.0.61")], pool: pool),
      node: try LabNode("user-\(number)"))
    do {
      try await cluster.controller.start()
      try await cluster.node.start()
      try await body(cluster)
    } catch {
      cluster.cleanUp()
      throw error
    }
    #expect(try cluster.node.leftovers() == [])
    #expect(try cluster.controller.leftovers() == [])
    _ = try await cluster.node.driver.stop()
    #expect(try await cluster.controller.process.stop() < .seconds(8))
    try NVMeTarget().loseEverything()
    try pool.remove()
  }

  /// After a failed test: whatever is needed so that the next one finds a clean machine.
  private func cleanUp() {
    print("--- controller's log ---\n\(controller.process.logTail(60))")
    print("--- node's log ---\n\(node.driver.logTail(40))\n---")
    for process in [controller.process, node.driver] where process.isRunning {
      kill(process.processID, SIGKILL)
    }
    _ = try? runProgram([
      "sh", "-c",
      """
      for f in /sys/block/nvme*/delayed_removal_secs; do [ ! -e $f ] || echo 0 >$f; done
      nvme disconnect-all
      grep -o ' \(node.kubelet)/[^ ]*' /proc/self/mountinfo | sort -r | xargs -r -n1 umount -l
      find \(node.kubelet) -xdev -type b -delete
      """,
    ])
    try? NVMeTarget().loseEverything()
    try? pool.remove()
  }

  // MARK: Volumes as the orchestrator handles them

  func create(
    _ name: String, size: Int64 = 0, _ use: LabNode.Use = .ext4,
    from source: VolumeContentSource? = nil
  ) async throws -> TargetVolume {
    try await controller.create(name, size: size, node.capability(use), from: source)
  }

  /// From the controller's publish to the node's; returns the target path.
  @discardableResult
  func attach(_ volume: TargetVolume, _ use: LabNode.Use = .ext4) async throws -> String {
    try await controller.publish(volume, to: node.driver.nodeID, node.capability(use))
    try await node.stage(volume, use)
    return try await node.publish(volume, use)
  }

  /// From the node's unpublish to the controller's.
  func detach(_ volume: TargetVolume, _ use: LabNode.Use = .ext4) async throws {
    try await node.takeDown(volume, use)
    try await controller.unpublish(volume, from: node.driver.nodeID)
  }

  /// Copies an attached volume's bytes, which are on their way to the target before: at once where the
  /// pool shares blocks; else the volume is detached meanwhile, since the pool refuses otherwise.
  func copying<Copy>(
    _ volume: TargetVolume, _ use: LabNode.Use = .ext4, _ body: () async throws -> Copy
  ) async throws -> Copy {
    guard pool.kind.copies else {
      try runProgram(["sync", "-f", node.targetPath(volume, use)])
      return try await body()
    }
    await expectRefusal(.failedPrecondition, "while hosts may write to it") { _ = try await body() }
    try await detach(volume, use)
    let copy = try await body()
    try await attach(volume, use)
    return copy
  }
}

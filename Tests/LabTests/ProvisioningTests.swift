import CSI
import Foundation
import GRPC
import Lab
import NVMe
import Testing

@Suite("Volumes that the controller provisions", .lab, .serialized)
struct ProvisioningTests {
  @Test("are used, kept in a snapshot, grown, restored and deleted, through a kill of the plugin")
  func life() async throws {
    let pool = "/run/lab/provisioning-pool"
    try FileManager.default.createDirectory(atPath: pool, withIntermediateDirectories: true)
    let node = try LabNode(
      "provisioning",
      controller: [
        "--cluster-id", "lab", "--pool-dir", pool, "--reserve", "0", "--portals", "127.0.0.51:4420",
      ])
    try await node.start()
    do {
      try await story(node, pool)
    } catch {
      print("--- plugin's log ---\n\(node.driver.logTail(80))\n---")
      _ = try? runProgram(["nvme", "disconnect-all"])
      throw error
    }
    #expect(try await node.driver.stop() < .seconds(8))
  }

  private func story(_ node: LabNode, _ pool: String) async throws {
    try await untilReady(node)
    let size: Int64 = 256 << 20
    let made = try await create(node, "pvc-1", size: size)
    let use = LabNode.Use.ext4
    let volume = ProvisionedVolume(made)
    try await volume.attach(node)
    let path = try await volume.mount(node, use)
    try Data("old".utf8).write(to: URL(filePath: "\(path)/file"))
    _ = try runProgram(["sync", "-f", path])

    // Its records and the kernel's exports are all that the next life has.
    try await node.driver.killNow()
    try await node.start()
    try await untilReady(node)
    #expect(try await list(node) == [made.volumeID: ["provisioning"]])
    #expect(try await create(node, "pvc-1", size: size) == made)

    try await volume.unmount(node, use)
    try await volume.detach(node)
    let snapshot = try await takeSnapshot(node, "snapshot-1", of: made.volumeID)
    #expect(snapshot.readyToUse && snapshot.sizeBytes == size)

    try await volume.attach(node)
    _ = try await volume.mount(node, use)
    try Data("new".utf8).write(to: URL(filePath: "\(path)/file"))
    let grown = try await volume.expand(node, to: size * 2)
    #expect(grown == size * 2)
    try await volume.unmount(node, use)
    try await volume.detach(node)

    let restored = ProvisionedVolume(
      try await create(node, "pvc-2", size: 0, from: .snapshot(id: snapshot.snapshotID)))
    try await restored.attach(node)
    let restoredPath = try await restored.mount(node, use)
    #expect(try String(contentsOfFile: "\(restoredPath)/file", encoding: .utf8) == "old")
    try await restored.unmount(node, use)

    await #expect(throws: RPCError.self) { try await restored.delete(node) }
    try await restored.detach(node)
    try await restored.delete(node)
    try await deleteSnapshot(node, snapshot.snapshotID)
    try await volume.delete(node)
    #expect(try await list(node) == [:])
    let files = try FileManager.default.subpathsOfDirectory(atPath: pool)
    #expect(!files.contains { $0.contains("nv-") || $0.contains("ns-") }, "\(files)")
    let nvmet = "/sys/kernel/config/nvmet"
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: "\(nvmet)/subsystems")
        .filter { $0.contains(made.volumeID) } == [])
    let left = try node.leftovers()
    #expect(left == [])
  }

  private func create(
    _ node: LabNode, _ name: String, size: Int64, from source: VolumeContentSource? = nil
  ) async throws -> Volume {
    var request = CreateVolumeRequest()
    request.name = name
    request.capacityRange = CapacityRange(requiredBytes: size, limitBytes: 0)
    request.volumeCapabilities = [node.capability(.ext4)]
    request.volumeContentSource = source
    let ready = request
    return try #require(
      try await node.withClient {
        try await ControllerClient($0).createVolume(ready, deadline: .now + .seconds(60)).volume
      })
  }

  /// Until the target has its exports back.
  private func untilReady(_ node: LabNode) async throws {
    let end = ContinuousClock.now + .seconds(60)
    while true {
      do {
        _ = try await list(node)
        return
      } catch let error as RPCError where error.code == .unavailable {
        guard ContinuousClock.now < end else { throw error }
        try await Task.sleep(for: .milliseconds(50))
      }
    }
  }

  /// Every volume's nodes.
  private func list(_ node: LabNode) async throws -> [String: [String]] {
    try await node.withClient { client in
      let answer = try await ControllerClient(client).listVolumes(
        ListVolumesRequest(), deadline: .now + .seconds(30))
      return answer.entries.reduce(into: [:]) { nodes, entry in
        nodes[entry.volume?.volumeID ?? ""] = entry.status?.publishedNodeIDs
      }
    }
  }

  private func takeSnapshot(
    _ node: LabNode, _ name: String, of volume: String
  ) async throws -> Snapshot {
    var request = CreateSnapshotRequest()
    request.name = name
    request.sourceVolumeID = volume
    let ready = request
    return try #require(
      try await node.withClient {
        try await ControllerClient($0).createSnapshot(ready, deadline: .now + .seconds(60)).snapshot
      })
  }

  private func deleteSnapshot(_ node: LabNode, _ id: String) async throws {
    var request = DeleteSnapshotRequest()
    request.snapshotID = id
    let ready = request
    _ = try await node.withClient {
      try await ControllerClient($0).deleteSnapshot(ready, deadline: .now + .seconds(60))
    }
  }
}

/// A volume as the orchestrator handles it: every RPC from attaching to deleting.
private struct ProvisionedVolume {
  let volume: Volume

  init(_ volume: Volume) { self.volume = volume }

  func attach(_ node: LabNode) async throws {
    var request = ControllerPublishVolumeRequest()
    request.volumeID = volume.volumeID
    request.nodeID = node.driver.nodeID
    request.volumeCapability = node.capability(.ext4)
    request.volumeContext = volume.volumeContext
    let ready = request
    _ = try await node.withClient {
      try await ControllerClient($0).publishVolume(ready, deadline: .now + .seconds(60))
    }
  }

  func detach(_ node: LabNode) async throws {
    var request = ControllerUnpublishVolumeRequest()
    request.volumeID = volume.volumeID
    request.nodeID = node.driver.nodeID
    let ready = request
    _ = try await node.withClient {
      try await ControllerClient($0).unpublishVolume(ready, deadline: .now + .seconds(60))
    }
  }

  private func staging(_ node: LabNode) -> String {
    "\(node.kubelet)/plugins/kubernetes.io/csi/nvmeof.csi.dev/\(volume.volumeID)/globalmount"
  }

  private func target(_ node: LabNode) -> String {
    "\(node.kubelet)/pods/pod-1/volumes/kubernetes.io~csi/\(volume.volumeID)/mount"
  }

  func mount(_ node: LabNode, _ use: LabNode.Use) async throws -> String {
    var stage = NodeStageVolumeRequest()
    stage.volumeID = volume.volumeID
    stage.stagingTargetPath = staging(node)
    stage.volumeCapability = node.capability(use)
    stage.volumeContext = volume.volumeContext
    var publish = NodePublishVolumeRequest()
    publish.volumeID = volume.volumeID
    publish.stagingTargetPath = staging(node)
    publish.targetPath = target(node)
    publish.volumeCapability = node.capability(use)
    let (staging, publishing) = (stage, publish)
    _ = try await node.withClient {
      let client = NodeClient($0)
      _ = try await client.stageVolume(staging, deadline: .now + .seconds(90))
      return try await client.publishVolume(publishing, deadline: .now + .seconds(60))
    }
    return target(node)
  }

  func unmount(_ node: LabNode, _ use: LabNode.Use) async throws {
    var unpublish = NodeUnpublishVolumeRequest()
    unpublish.volumeID = volume.volumeID
    unpublish.targetPath = target(node)
    var unstage = NodeUnstageVolumeRequest()
    unstage.volumeID = volume.volumeID
    unstage.stagingTargetPath = staging(node)
    let (unpublishing, unstaging) = (unpublish, unstage)
    _ = try await node.withClient {
      let client = NodeClient($0)
      _ = try await client.unpublishVolume(unpublishing, deadline: .now + .seconds(60))
      return try await client.unstageVolume(unstaging, deadline: .now + .seconds(60))
    }
  }

  /// At the target first, then on the node, as the orchestrator does.
  func expand(_ node: LabNode, to size: Int64) async throws -> Int64 {
    var request = ControllerExpandVolumeRequest()
    request.volumeID = volume.volumeID
    request.capacityRange = CapacityRange(requiredBytes: size, limitBytes: 0)
    var follow = NodeExpandVolumeRequest()
    follow.volumeID = volume.volumeID
    follow.volumePath = target(node)
    follow.stagingTargetPath = staging(node)
    follow.capacityRange = request.capacityRange
    let (first, second) = (request, follow)
    return try await node.withClient {
      let answer = try await ControllerClient($0).expandVolume(
        first, deadline: .now + .seconds(60))
      guard answer.nodeExpansionRequired else { throw LabError("the node need not follow") }
      return try await NodeClient($0).expandVolume(second, deadline: .now + .seconds(90))
        .capacityBytes
    }
  }

  func delete(_ node: LabNode) async throws {
    var request = DeleteVolumeRequest()
    request.volumeID = volume.volumeID
    let ready = request
    _ = try await node.withClient {
      try await ControllerClient($0).deleteVolume(ready, deadline: .now + .seconds(60))
    }
  }
}

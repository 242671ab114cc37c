public import CSI
import GRPC

extension LabController {
  /// CreateSnapshot.
  public func takeSnapshot(
    _ name: String, of volume: TargetVolume, timeout: Duration = .seconds(60)
  ) async throws -> Snapshot {
    var request = CreateSnapshotRequest()
    request.name = name
    request.sourceVolumeID = volume.name
    let ready = request
    let answer = try await process.withClient { client in
      try await ControllerClient(client).createSnapshot(ready, deadline: .now + timeout)
    }
    guard let snapshot = answer.snapshot else { throw LabError("CreateSnapshot answers nothing") }
    return snapshot
  }

  /// DeleteSnapshot.
  public func deleteSnapshot(_ id: String, timeout: Duration = .seconds(60)) async throws {
    var request = DeleteSnapshotRequest()
    request.snapshotID = id
    let ready = request
    _ = try await process.withClient { client in
      try await ControllerClient(client).deleteSnapshot(ready, deadline: .now + timeout)
    }
  }

  /// ListVolumes: every volume and the nodes that have it.
  public func volumes() async throws -> [String: [String]] {
    let answer = try await process.withClient { client in
      try await ControllerClient(client).listVolumes(
        ListVolumesRequest(), deadline: .now + .seconds(30))
    }
    return answer.entries.reduce(into: [:]) { nodes, entry in
      nodes[entry.volume?.volumeID ?? ""] = entry.status?.publishedNodeIDs
    }
  }
}

internal import Backends
internal import CSI
internal import GRPC
internal import NVMe

extension VolumeController {
  /// ControllerUnpublishVolume: the target forgets the node's host and cuts what it has, verified; then
  /// the record forgets the node; then it is answered. No node id: all nodes.
  ///
  /// It is the only fence there is when a node has died, so it asks the target also when the record
  /// says that the node has nothing, when nobody knows the node any more, and when there is no record;
  /// and it asks nothing of the storage, which may have died before the node.
  func unpublishVolume(
    _ request: ControllerUnpublishVolumeRequest, _ context: ServerContext
  )
    async throws(RPCError) -> ControllerUnpublishVolumeResponse
  {
    try await answering { () throws(DriverError) in
      guard let id = try volumeID(request.volumeID) else {
        // No volume of ours has such an id, so no node has it.
        return ControllerUnpublishVolumeResponse()
      }
      guard request.nodeID.isEmpty || SizeLimits.canBeNodeID(request.nodeID) else {
        // Nothing was ever published to a node of such an id.
        return ControllerUnpublishVolumeResponse()
      }
      try readiness.check()
      let node = request.nodeID.isEmpty ? nil : request.nodeID
      try await work.perform(
        .unpublish(node: node), on: VolumeID(id), deadline: context.answerDeadline
      ) { (_, operation) throws(DriverError) in
        try await unpublish(id, from: node, operation)
      }
      return ControllerUnpublishVolumeResponse()
    }
  }

  private func unpublish(
    _ id: ObjectID, from node: String?, _ operation: Operation
  ) async throws(DriverError) {
    let found = await record(of: id)
    let stored = (try? found.get()) ?? nil
    if backend.capabilities.contains(.hostAccess) {
      try await operation.step("revoke") { () async throws(BackendError) in
        var hosts: Set<NQN> = []
        if let node {
          hosts = [stored?.record.holders[node]?.host ?? HostIdentity(nodeID: node).nqn]
        } else {
          hosts.formUnion(stored?.record.holders.values.map(\.host) ?? [])
          hosts.formUnion(try await backend.hosts(of: id, deadline: operation.deadline))
        }
        for host in hosts.sorted(by: { $0.rawValue < $1.rawValue }) {
          try await backend.revoke(host, volume: id, deadline: operation.deadline)
        }
      }
    }
    // One that cannot be read has not kept the node from being shut out, but it cannot be cleared.
    guard var left = try found.get() else { return }
    if let node { left.record.holders[node] = nil } else { left.record.holders = [:] }
    guard left.record != stored?.record else { return }
    let cleared = left
    try await operation.step("finish") { () async throws(DriverError) in
      if !makesVolumes, cleared.record.holders.isEmpty {
        return try await volumes.remove(cleared)
      }
      var cleared = cleared
      try await volumes.save(&cleared)
    }
  }

  private func record(
    of id: ObjectID
  ) async -> Result<ObjectRecords<VolumeRecord>.Stored?, DriverError> {
    do throws(DriverError) { return .success(try await volumes.record(of: id)) } catch {
      return .failure(error)
    }
  }
}

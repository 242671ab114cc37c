internal import Backends
internal import CSI
internal import GRPC
internal import NVMe

extension VolumeController {
  /// ControllerPublishVolume: the node becomes a holder, durably, and then the target lets its host in.
  /// If that fails it stays a holder: it may have been let in, and only unpublishing makes sure.
  func publishVolume(
    _ request: ControllerPublishVolumeRequest, _ context: ServerContext
  )
    async throws(RPCError) -> ControllerPublishVolumeResponse
  {
    try await answering { () throws(DriverError) in
      let wanted = try volumeID(request.volumeID)
      guard !request.nodeID.isEmpty else {
        throw DriverError(.invalidArgument, "node_id is missing")
      }
      guard SizeLimits.canBeNodeID(request.nodeID) else {
        throw DriverError(
          .invalidArgument, "node_id is longer than any node's, or holds more than graphic ASCII")
      }
      let access = try VolumeAccess(request.volumeCapability)
      if access.isBlock, request.readonly {
        throw DriverError(.failedPrecondition, VolumeAccess.readOnlyBlockRefusal)
      }
      guard let id = wanted else {
        throw DriverError(.notFound, "volume \(request.volumeID) does not exist")
      }
      try readiness.check()
      let holder = VolumeRecord.Holder(
        host: HostIdentity(nodeID: request.nodeID).nqn,
        isReadOnly: request.readonly || access.mode.isReadOnly, isBlock: access.isBlock,
        mode: access.mode)
      try await work.perform(
        .publish(node: request.nodeID, holder), on: VolumeID(id), deadline: context.answerDeadline
      ) { (_, operation) throws(DriverError) in
        try await publish(id, request, as: holder, operation)
      }
      return ControllerPublishVolumeResponse(publishContext: [:])
    }
  }

  private func publish(
    _ id: ObjectID, _ request: ControllerPublishVolumeRequest, as holder: VolumeRecord.Holder,
    _ operation: Operation
  ) async throws(DriverError) {
    let node = request.nodeID
    try await operation.step("record") { () async throws(DriverError) in
      var stored = try await readyVolume(
        id, called: request.volumeID, context: request.volumeContext, deadline: operation.deadline)
      guard try await nodes.knows(node) else {
        throw DriverError(.notFound, "node \(node) does not exist")
      }
      guard try stored.record.admit(holder, on: node) else { return }
      stored.record.holders[node] = holder
      try await volumes.save(&stored)
    }
    guard backend.capabilities.contains(.hostAccess) else { return }
    try await operation.step("allow") { () async throws(BackendError) in
      try await backend.allow(holder.host, volume: id, deadline: operation.deadline)
    }
  }
}

extension VolumeRecord {
  /// Whether a node may hold the volume beside those that do; true when it is new.
  ///
  /// Two writers at once is what this driver exists to prevent: the only volumes that two nodes may
  /// hold are raw block volumes that were asked for so, for a live migration, and no third node.
  func admit(_ wanted: Holder, on node: String) throws(DriverError) -> Bool {
    if let present = holders[node] {
      guard present == wanted else {
        throw DriverError(
          .alreadyExists,
          """
          volume \(id) is published to node \(node) as \(present), not as \(wanted): unpublish it \
          first
          """)
      }
      return false
    }
    let others = holders.sorted { $0.key < $1.key }
    if let (other, present) = others.first(where: { !$0.value.mode.spansNodes }) ?? others.first,
      !present.mode.spansNodes || !wanted.mode.spansNodes
    {
      throw DriverError(
        .failedPrecondition,
        """
        volume \(id) is published to node \(other) as \(present), and one node at a time may have \
        it: unpublish it there first
        """)
    }
    guard others.count < 2 else {
      throw DriverError(
        .failedPrecondition,
        """
        volume \(id) is published to nodes \(others.map(\.key).joined(separator: " and ")): a third \
        node must not have it; two are for a live migration
        """)
    }
    return true
  }
}

extension VolumeRecord.Holder: CustomStringConvertible {
  /// `read-only file system (SINGLE_NODE_WRITER)`
  var description: String {
    "\(isReadOnly ? "read-only " : "")\(isBlock ? "raw block" : "file system") (\(mode.specName))"
  }
}

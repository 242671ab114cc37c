internal import Backends
internal import CSI
internal import NVMe

extension VolumeController {
  /// A volume as the orchestrator is told of it, from its record.
  func volume(of record: VolumeRecord) -> Volume {
    Volume(
      capacityBytes: record.size,
      volumeID: makesVolumes ? record.id.description : record.name, volumeContext: record.context,
      contentSource: record.request.content.message,
      accessibleTopology: configuration.topology.isEmpty
        ? [] : [Topology(segments: configuration.topology)])
  }

  /// Who has a volume, and how it is. nil for what the backend has: it has no such volume.
  func status(
    of record: VolumeRecord, _ found: Result<BackendVolume, BackendError>?
  ) -> VolumeStatus {
    VolumeStatus(
      publishedNodeIDs: record.holders.keys.sorted(), volumeCondition: condition(of: record, found))
  }

  private func condition(
    of record: VolumeRecord, _ found: Result<BackendVolume, BackendError>?
  ) -> VolumeCondition {
    func abnormal(_ why: String) -> VolumeCondition {
      VolumeCondition(abnormal: true, message: why)
    }
    let volume: BackendVolume
    switch found {
    case nil: return abnormal("the storage does not have the volume, though it was never deleted")
    case .failure(let damage)?: return abnormal(damage.description)
    case .success(let found)?: volume = found
    }
    if let fault = volume.fault { return abnormal(fault) }
    if let node = nodeShutOut(of: record, volume) {
      return abnormal("published to node \(node), and the target does not let that node in")
    }
    return VolumeCondition(abnormal: false, message: "served")
  }

  /// The record and what the backend has do not tell the same.
  func differs(_ record: VolumeRecord, _ found: Result<BackendVolume, BackendError>?) -> Bool {
    switch found {
    case nil: true
    case .failure?: false
    case .success(let volume)?: nodeShutOut(of: record, volume) != nil
    }
  }

  private func nodeShutOut(of record: VolumeRecord, _ volume: BackendVolume) -> String? {
    guard backend.capabilities.contains(.hostAccess) else { return nil }
    return record.holders.filter { !volume.export.allowedHosts.contains($0.value.host) }.keys.min()
  }

  /// A snapshot as the orchestrator is told of it.
  func snapshot(of record: SnapshotRecord, isUsable: Bool) -> Snapshot {
    Snapshot(
      sizeBytes: record.size, snapshotID: record.id.description,
      sourceVolumeID: record.source.description,
      creationTime: Timestamp(nanosecondsSince1970: record.takenAt), readyToUse: isUsable,
      groupSnapshotID: "")
  }

  /// Whether storage can be reached from where the orchestrator needs it; fails with `code` otherwise.
  func check(
    _ requirement: TopologyRequirement?, otherwise code: DriverError.Code
  ) throws(DriverError) {
    guard let requisite = requirement?.requisite, !requisite.isEmpty else { return }
    guard requisite.contains(where: { reaches($0) }) else {
      throw DriverError(
        code,
        "accessibility_requirements: the volumes can be reached from \(configuration.topology) only"
      )
    }
  }

  /// Volumes can be reached from there.
  func reaches(_ topology: Topology) -> Bool {
    configuration.topology.allSatisfy { topology.segments[$0.key] == $0.value }
  }
}

extension VolumeRecord {
  /// The volume context: what a node needs to find and prove the volume, always the same for one.
  var context: [String: String] {
    guard let location else { return request.connection }
    var context = request.connection
    context["nqn"] = location.nqn.rawValue
    context["nsid"] = String(location.nsid)
    context["uuid"] = location.uuid.description
    context["portals"] = location.portals.map(\.description).joined(separator: ",")
    context["transport"] = location.portals.first?.transport.rawValue
    return context
  }
}

@testable import CSI

/// Every message of Controller with every field set, as in the fixtures' texts.
extension GoldenMessages {
  private static let secrets = Secrets(["dhchapKey": secret])
  private static let zones = ["a", "b"].map {
    Topology(segments: ["topology.kubernetes.io/zone": $0])
  }
  private static let context = ["nqn": "nqn.2024-01.io.example:nv-1"]

  private static func mount(
    _ fileSystemType: String, _ flags: [String] = []
  ) -> VolumeCapability.AccessType {
    var mount = VolumeCapability.MountVolume()
    mount.fileSystemType = fileSystemType
    mount.mountFlags = flags
    return .mount(mount)
  }

  static var create: CreateVolumeRequest {
    var request = CreateVolumeRequest()
    request.name = "pvc-1b0c8d3e-2f3a-4b5c-8d6e-7f8091a2b3c4"
    request.capacityRange = CapacityRange(requiredBytes: 11_005_853_696, limitBytes: .max)
    request.volumeCapabilities = [
      VolumeCapability(accessType: mount("xfs", ["noatime"]), accessMode: .singleNodeSingleWriter),
      VolumeCapability(accessType: .block, accessMode: .multiNodeMultiWriter),
    ]
    request.parameters = ["portals": "192.0.2.1:4420,[2001:db8::1]:4420", "transport": "tcp"]
    request.secrets = secrets
    request.volumeContentSource = .snapshot(id: "ns-1")
    request.accessibilityRequirements = TopologyRequirement(
      requisite: zones, preferred: [zones[1]])
    request.mutableParameters = ["iops": "1000"]
    return request
  }

  static let volume = Volume(
    capacityBytes: 11_005_853_696, volumeID: "nv-1",
    volumeContext: context.merging(["portals": "192.0.2.1:4420"]) { $1 },
    contentSource: .snapshot(id: "ns-1"), accessibleTopology: zones)
  static let status = VolumeStatus(
    publishedNodeIDs: ["worker-1", "worker-2"],
    volumeCondition: VolumeCondition(abnormal: true, message: "no export"))
  static let snapshot = Snapshot(
    sizeBytes: 11_005_853_696, snapshotID: "ns-1", sourceVolumeID: "nv-1",
    creationTime: Timestamp(seconds: 1_795_258_523, nanoseconds: 999_999_999), readyToUse: true,
    groupSnapshotID: "group-1")

  static var delete: DeleteVolumeRequest {
    var request = DeleteVolumeRequest()
    request.volumeID = "nv-1"
    request.secrets = secrets
    return request
  }

  static var controllerPublish: ControllerPublishVolumeRequest {
    var request = ControllerPublishVolumeRequest()
    request.volumeID = "nv-1"
    request.nodeID = "worker-1"
    request.volumeCapability = VolumeCapability(accessType: .block, accessMode: .singleNodeWriter)
    request.readonly = true
    request.secrets = secrets
    request.volumeContext = context
    return request
  }

  static var controllerUnpublish: ControllerUnpublishVolumeRequest {
    var request = ControllerUnpublishVolumeRequest()
    request.volumeID = "nv-1"
    request.nodeID = "worker-1"
    request.secrets = secrets
    return request
  }

  static var validate: ValidateVolumeCapabilitiesRequest {
    var request = ValidateVolumeCapabilitiesRequest()
    request.volumeID = "nv-1"
    request.volumeContext = context
    request.volumeCapabilities = [
      VolumeCapability(accessType: mount("ext4"), accessMode: .singleNodeWriter)
    ]
    request.parameters = ["transport": "tcp"]
    request.secrets = secrets
    request.mutableParameters = ["iops": "1000"]
    return request
  }

  static let validated = ValidateVolumeCapabilitiesResponse(
    confirmed: .init(
      volumeContext: context,
      volumeCapabilities: [
        VolumeCapability(accessType: mount("ext4"), accessMode: .singleNodeWriter)
      ], parameters: ["transport": "tcp"], mutableParameters: ["iops": "1000"]),
    message: "all of it")

  static var list: ListVolumesRequest {
    var request = ListVolumesRequest()
    request.maxEntries = .max
    request.startingToken = "nv-1"
    return request
  }

  static let volumes = ListVolumesResponse(
    entries: [
      .init(volume: volume, status: status),
      .init(
        volume: Volume(
          capacityBytes: 0, volumeID: "nv-2", volumeContext: [:],
          contentSource: .volume(id: "nv-1"), accessibleTopology: []), status: nil),
    ], nextToken: "nv-2")

  static var getCapacity: GetCapacityRequest {
    var request = GetCapacityRequest()
    request.volumeCapabilities = [
      VolumeCapability(accessType: .block, accessMode: .singleNodeWriter)
    ]
    request.parameters = ["transport": "tcp"]
    request.accessibleTopology = zones[0]
    return request
  }

  static let capacity = GetCapacityResponse(
    availableCapacity: .max, maximumVolumeSize: 1_610_612_736_000, minimumVolumeSize: 1_048_576)
  static let controllerCapabilities = ControllerGetCapabilitiesResponse(
    capabilities: ControllerCapability.allCases)

  static var createSnapshot: CreateSnapshotRequest {
    var request = CreateSnapshotRequest()
    request.sourceVolumeID = "nv-1"
    request.name = "snapshot-1b0c8d3e-2f3a-4b5c-8d6e-7f8091a2b3c4"
    request.secrets = secrets
    request.parameters = ["kind": "reflink"]
    return request
  }

  static var deleteSnapshot: DeleteSnapshotRequest {
    var request = DeleteSnapshotRequest()
    request.snapshotID = "ns-1"
    request.secrets = secrets
    return request
  }

  static var listSnapshots: ListSnapshotsRequest {
    var request = ListSnapshotsRequest()
    request.maxEntries = 100
    request.startingToken = "ns-0"
    request.sourceVolumeID = "nv-1"
    request.snapshotID = "ns-1"
    request.secrets = secrets
    return request
  }

  static let snapshots = ListSnapshotsResponse(
    entries: [
      snapshot,
      Snapshot(
        sizeBytes: 0, snapshotID: "ns-2", sourceVolumeID: "nv-1", creationTime: nil,
        readyToUse: false),
    ], nextToken: "ns-2")

  static var getSnapshot: GetSnapshotRequest {
    var request = GetSnapshotRequest()
    request.snapshotID = "ns-1"
    request.secrets = secrets
    return request
  }

  static var controllerExpand: ControllerExpandVolumeRequest {
    var request = ControllerExpandVolumeRequest()
    request.volumeID = "nv-1"
    request.capacityRange = CapacityRange(
      requiredBytes: 107_374_182_400, limitBytes: 107_374_182_401)
    request.secrets = secrets
    request.volumeCapability = VolumeCapability(
      accessType: mount("ext4"), accessMode: .singleNodeWriter)
    return request
  }

  static let expanded = ControllerExpandVolumeResponse(
    capacityBytes: 107_374_182_400, nodeExpansionRequired: true)

  static var getVolume: ControllerGetVolumeRequest {
    var request = ControllerGetVolumeRequest()
    request.volumeID = "nv-1"
    return request
  }

  static var modify: ControllerModifyVolumeRequest {
    var request = ControllerModifyVolumeRequest()
    request.volumeID = "nv-1"
    request.secrets = secrets
    request.mutableParameters = ["iops": "1000"]
    return request
  }

  static let controller: [Golden] = unsafe [
    Golden(create), Golden(CreateVolumeResponse(volume: volume)),
    Golden(delete), Golden(DeleteVolumeResponse()),
    Golden(controllerPublish),
    Golden(ControllerPublishVolumeResponse(publishContext: ["attachment": "7"])),
    Golden(controllerUnpublish), Golden(ControllerUnpublishVolumeResponse()),
    Golden(validate), Golden(validated),
    Golden(list), Golden(volumes),
    Golden(getCapacity), Golden(capacity),
    Golden(ControllerGetCapabilitiesRequest()), Golden(controllerCapabilities),
    Golden(createSnapshot), Golden(CreateSnapshotResponse(snapshot: snapshot)),
    Golden(deleteSnapshot), Golden(DeleteSnapshotResponse()),
    Golden(listSnapshots), Golden(snapshots),
    Golden(getSnapshot), Golden(GetSnapshotResponse(snapshot: snapshot)),
    Golden(controllerExpand), Golden(expanded),
    Golden(getVolume), Golden(ControllerGetVolumeResponse(volume: volume, status: status)),
    Golden(modify), Golden(ControllerModifyVolumeResponse()),
  ]
}

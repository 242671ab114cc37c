@testable import CSI

/// Every message of Identity, Controller and Node with every field set, as in the fixtures' texts.
enum GoldenMessages {
  /// The services whose messages these are.
  static let services = ["Identity", "Controller", "Node"]

  static let secret = "DHHC-1:00:hunter2"

  static var stage: NodeStageVolumeRequest {
    var mount = VolumeCapability.MountVolume()
    mount.fileSystemType = "xfs"
    mount.mountFlags = ["noatime", "discard"]
    mount.volumeMountGroup = "1000"
    var request = NodeStageVolumeRequest()
    request.volumeID = "db-0"
    request.publishContext = ["attachment": "7", "zone": "a"]
    request.stagingTargetPath =
      "/var/lib/kubelet/plugins/kubernetes.io/csi/nvmeof.csi.dev/db-0/globalmount"
    request.volumeCapability = VolumeCapability(
      accessType: .mount(mount), accessMode: .singleNodeWriter)
    request.secrets = Secrets(["dhchapKey": secret, "user": "pässword-ü"])
    request.volumeContext = [
      "nqn": "nqn.2024-01.io.example:db-0", "portals": "192.0.2.1:4420,[2001:db8::1]:4420",
    ]
    return request
  }

  static var unstage: NodeUnstageVolumeRequest {
    var request = NodeUnstageVolumeRequest()
    request.volumeID = "db-0"
    request.stagingTargetPath = "/staging"
    return request
  }

  static var publish: NodePublishVolumeRequest {
    var request = NodePublishVolumeRequest()
    request.volumeID = "db-0"
    request.publishContext = ["attachment": "7"]
    request.stagingTargetPath = "/staging"
    request.targetPath = "/target"
    request.volumeCapability = VolumeCapability(
      accessType: .block, accessMode: .multiNodeMultiWriter)
    request.readonly = true
    request.secrets = Secrets(["dhchapKey": secret])
    request.volumeContext = [
      "csi.storage.k8s.io/pod.name": "db", "nqn": "nqn.2024-01.io.example:db-0",
    ]
    return request
  }

  static var unpublish: NodeUnpublishVolumeRequest {
    var request = NodeUnpublishVolumeRequest()
    request.volumeID = "db-0"
    request.targetPath = "/target"
    return request
  }

  static var stats: NodeGetVolumeStatsRequest {
    var request = NodeGetVolumeStatsRequest()
    request.volumeID = "db-0"
    request.volumePath = "/target"
    request.stagingTargetPath = "/staging"
    return request
  }

  static var expand: NodeExpandVolumeRequest {
    var mount = VolumeCapability.MountVolume()
    mount.fileSystemType = "ext4"
    mount.mountFlags = ["noatime"]
    var request = NodeExpandVolumeRequest()
    request.volumeID = "db-0"
    request.volumePath = "/target"
    request.capacityRange = CapacityRange(requiredBytes: 107_374_182_400, limitBytes: .max)
    request.stagingTargetPath = "/staging"
    request.volumeCapability = VolumeCapability(
      accessType: .mount(mount), accessMode: .singleNodeSingleWriter)
    request.secrets = Secrets(["dhchapKey": secret])
    return request
  }

  static let pluginInfo = GetPluginInfoResponse(
    name: "nvmeof.csi.dev", vendorVersion: "0.1.0",
    manifest: ["commit": "4a9a97e", "url": "https://example.com/é"])
  static let pluginCapabilities = GetPluginCapabilitiesResponse(capabilities: [
    .controllerService, .volumeAccessibilityConstraints, .groupControllerService,
    .snapshotMetadataService, .onlineVolumeExpansion, .offlineVolumeExpansion,
  ])
  static let volumeStats = NodeGetVolumeStatsResponse(
    usage: [
      VolumeUsage(unit: .bytes, total: 107_374_182_400, used: 1, available: .max),
      VolumeUsage(unit: .inodes, total: 65536, used: 1, available: 65535),
    ], volumeCondition: VolumeCondition(abnormal: true, message: "all paths are lost"))
  static let nodeCapabilities = NodeGetCapabilitiesResponse(capabilities: NodeCapability.allCases)
  static let nodeInfo = NodeGetInfoResponse(
    nodeID: "worker-1", maxVolumesPerNode: 128,
    accessibleTopology: Topology(segments: [
      "topology.kubernetes.io/zone": "a", "topology.nvmeof.csi.dev/rack": "7",
    ]))

  static let all: [Golden] = identityAndNode + controller

  private static let identityAndNode: [Golden] = unsafe [
    Golden(GetPluginInfoRequest()), Golden(pluginInfo),
    Golden(GetPluginCapabilitiesRequest()), Golden(pluginCapabilities),
    Golden(ProbeRequest()), Golden(ProbeResponse(ready: true)),
    Golden(stage), Golden(NodeStageVolumeResponse()),
    Golden(unstage), Golden(NodeUnstageVolumeResponse()),
    Golden(publish), Golden(NodePublishVolumeResponse()),
    Golden(unpublish), Golden(NodeUnpublishVolumeResponse()),
    Golden(stats), Golden(volumeStats),
    Golden(expand), Golden(NodeExpandVolumeResponse(capacityBytes: 107_374_182_400)),
    Golden(NodeGetCapabilitiesRequest()), Golden(nodeCapabilities),
    Golden(NodeGetInfoRequest()), Golden(nodeInfo),
  ]
}

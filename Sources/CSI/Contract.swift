public import GRPC

/// Secrets of a request (`csi_secret` fields): readable by key, never printed.
public struct Secrets: Sendable, CustomStringConvertible, CustomReflectable {
  public init(_ values: [String: String] = [:]) { self.values = values }
  public subscript(key: String) -> String? { values[key] }
  public var keys: [String] { values.keys.sorted() }
  public var description: String { "<\(values.count) secrets>" }
  public var customMirror: Mirror { Mirror(self, children: [:]) }
  private let values: [String: String]
}

/// csi.v1.VolumeCapability
public struct VolumeCapability: Hashable, Sendable {
  public enum AccessType: Hashable, Sendable {
    case block
    case mount(MountVolume)
  }
  public struct MountVolume: Hashable, Sendable {
    public var fileSystemType = ""
    public var mountFlags: [String] = []
    public var volumeMountGroup = ""
    public init() {}
  }
  public enum AccessMode: Int32, Hashable, Sendable, CaseIterable {
    case unknown = 0, singleNodeWriter, singleNodeReaderOnly, multiNodeReaderOnly
    case multiNodeSingleWriter, multiNodeMultiWriter, singleNodeSingleWriter, singleNodeMultiWriter
  }
  /// nil: the oneof was not set.
  public var accessType: AccessType?
  public var accessMode: AccessMode
  public init(accessType: AccessType?, accessMode: AccessMode) {
    self.accessType = accessType
    self.accessMode = accessMode
  }
}

/// csi.v1.Topology
public struct Topology: Hashable, Sendable {
  public var segments: [String: String]
  public init(segments: [String: String]) { self.segments = segments }
}

/// csi.v1.CapacityRange; 0 = not set
public struct CapacityRange: Hashable, Sendable {
  public var requiredBytes: Int64
  public var limitBytes: Int64
  public init(requiredBytes: Int64, limitBytes: Int64) {
    self.requiredBytes = requiredBytes
    self.limitBytes = limitBytes
  }
}

/// csi.v1.VolumeCondition
public struct VolumeCondition: Hashable, Sendable {
  public var abnormal: Bool
  public var message: String
  public init(abnormal: Bool, message: String) {
    self.abnormal = abnormal
    self.message = message
  }
}

public struct VolumeUsage: Hashable, Sendable {
  public enum Unit: Int32, Sendable { case unknown = 0, bytes, inodes }
  public var unit: Unit
  public var total: Int64, used: Int64, available: Int64
  public init(unit: Unit, total: Int64, used: Int64, available: Int64) {
    self.unit = unit
    self.total = total
    self.used = used
    self.available = available
  }
}

public enum NodeCapability: Int32, Sendable, CaseIterable {
  case stageUnstageVolume = 1, getVolumeStats, expandVolume, volumeCondition
  case singleNodeMultiWriter, volumeMountGroup
}

public enum PluginCapability: Hashable, Sendable {
  case controllerService, volumeAccessibilityConstraints, groupControllerService,
    snapshotMetadataService
  case onlineVolumeExpansion, offlineVolumeExpansion
}

public struct GetPluginInfoResponse: Hashable, Sendable {
  public var name: String, vendorVersion: String, manifest: [String: String]
  public init(name: String, vendorVersion: String, manifest: [String: String] = [:]) {
    self.name = name
    self.vendorVersion = vendorVersion
    self.manifest = manifest
  }
}
public struct GetPluginCapabilitiesResponse: Hashable, Sendable {
  public var capabilities: [PluginCapability]
  public init(capabilities: [PluginCapability]) { self.capabilities = capabilities }
}
public struct ProbeResponse: Hashable, Sendable {
  public var ready: Bool?
  public init(ready: Bool?) { self.ready = ready }
}
public struct GetPluginInfoRequest: Hashable, Sendable { public init() {} }
public struct GetPluginCapabilitiesRequest: Hashable, Sendable { public init() {} }
public struct ProbeRequest: Hashable, Sendable { public init() {} }

public struct NodeStageVolumeRequest: Sendable {
  public var volumeID = "", publishContext: [String: String] = [:], stagingTargetPath = ""
  public var volumeCapability: VolumeCapability?
  public var secrets = Secrets(), volumeContext: [String: String] = [:]
  public init() {}
}
public struct NodeStageVolumeResponse: Hashable, Sendable { public init() {} }
public struct NodeUnstageVolumeRequest: Hashable, Sendable {
  public var volumeID = "", stagingTargetPath = ""
  public init() {}
}
public struct NodeUnstageVolumeResponse: Hashable, Sendable { public init() {} }
public struct NodePublishVolumeRequest: Sendable {
  public var volumeID = "", publishContext: [String: String] = [:], stagingTargetPath = ""
  public var targetPath = ""
  public var volumeCapability: VolumeCapability?
  public var readonly = false
  public var secrets = Secrets(), volumeContext: [String: String] = [:]
  public init() {}
}
public struct NodePublishVolumeResponse: Hashable, Sendable { public init() {} }
public struct NodeUnpublishVolumeRequest: Hashable, Sendable {
  public var volumeID = "", targetPath = ""
  public init() {}
}
public struct NodeUnpublishVolumeResponse: Hashable, Sendable { public init() {} }
public struct NodeGetVolumeStatsRequest: Hashable, Sendable {
  public var volumeID = "", volumePath = "", stagingTargetPath = ""
  public init() {}
}
public struct NodeGetVolumeStatsResponse: Hashable, Sendable {
  public var usage: [VolumeUsage], volumeCondition: VolumeCondition?
  public init(usage: [VolumeUsage], volumeCondition: VolumeCondition?) {
    self.usage = usage
    self.volumeCondition = volumeCondition
  }
}
public struct NodeExpandVolumeRequest: Sendable {
  public var volumeID = "", volumePath = "", capacityRange: CapacityRange?
  public var stagingTargetPath = "", volumeCapability: VolumeCapability?, secrets = Secrets()
  public init() {}
}
public struct NodeExpandVolumeResponse: Hashable, Sendable {
  public var capacityBytes: Int64
  public init(capacityBytes: Int64) { self.capacityBytes = capacityBytes }
}
public struct NodeGetCapabilitiesRequest: Hashable, Sendable { public init() {} }
public struct NodeGetCapabilitiesResponse: Hashable, Sendable {
  public var capabilities: [NodeCapability]
  public init(capabilities: [NodeCapability]) { self.capabilities = capabilities }
}
public struct NodeGetInfoRequest: Hashable, Sendable { public init() {} }
public struct NodeGetInfoResponse: Hashable, Sendable {
  public var nodeID: String, maxVolumesPerNode: Int64, accessibleTopology: Topology?
  public init(nodeID: String, maxVolumesPerNode: Int64, accessibleTopology: Topology?) {
    self.nodeID = nodeID
    self.maxVolumesPerNode = maxVolumesPerNode
    self.accessibleTopology = accessibleTopology
  }
}

/// csi.v1.Identity
public protocol IdentityService: Sendable {
  func getPluginInfo(
    _ request: GetPluginInfoRequest, _ context: ServerContext
  )
    async throws(RPCError) -> GetPluginInfoResponse
  func getPluginCapabilities(
    _ request: GetPluginCapabilitiesRequest, _ context: ServerContext
  )
    async throws(RPCError) -> GetPluginCapabilitiesResponse
  func probe(
    _ request: ProbeRequest, _ context: ServerContext
  )
    async throws(RPCError) -> ProbeResponse
}

/// csi.v1.Node
public protocol NodeService: Sendable {
  func stageVolume(
    _ request: NodeStageVolumeRequest, _ context: ServerContext
  )
    async throws(RPCError) -> NodeStageVolumeResponse
  func unstageVolume(
    _ request: NodeUnstageVolumeRequest, _ context: ServerContext
  )
    async throws(RPCError) -> NodeUnstageVolumeResponse
  func publishVolume(
    _ request: NodePublishVolumeRequest, _ context: ServerContext
  )
    async throws(RPCError) -> NodePublishVolumeResponse
  func unpublishVolume(
    _ request: NodeUnpublishVolumeRequest, _ context: ServerContext
  )
    async throws(RPCError) -> NodeUnpublishVolumeResponse
  func getVolumeStats(
    _ request: NodeGetVolumeStatsRequest, _ context: ServerContext
  )
    async throws(RPCError) -> NodeGetVolumeStatsResponse
  func expandVolume(
    _ request: NodeExpandVolumeRequest, _ context: ServerContext
  )
    async throws(RPCError) -> NodeExpandVolumeResponse
  func getCapabilities(
    _ request: NodeGetCapabilitiesRequest, _ context: ServerContext
  )
    async throws(RPCError) -> NodeGetCapabilitiesResponse
  func getInfo(
    _ request: NodeGetInfoRequest, _ context: ServerContext
  )
    async throws(RPCError) -> NodeGetInfoResponse
}

/// Wraps every handler once: logging now, metrics and spans later.
public protocol Interceptor: Sendable {
  func intercept<Request: Sendable, Response: Sendable>(
    _ request: Request, _ context: ServerContext,
    next: (Request, ServerContext) async throws(RPCError) -> Response
  ) async throws(RPCError) -> Response
}

/// The method table of csi.v1.Identity.
public func identityMethods(
  _ service: any IdentityService, interceptor: any Interceptor
)
  -> [GRPC.Method]
{ fatalError() }
/// The method table of csi.v1.Node.
public func nodeMethods(_ service: any NodeService, interceptor: any Interceptor) -> [GRPC.Method] {
  fatalError()
}

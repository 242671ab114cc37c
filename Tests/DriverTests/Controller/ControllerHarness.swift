import Backends
import CSI
import GRPC
import Logging
import StateStore
import Testing

@testable import Driver

/// A controller over a store and a storage that outlive it, and requests to make of it.
struct ControllerHarness: Sendable {
  var store: any StateStore = MemoryStateStore()
  var backend = MemoryBackend()
  var configuration = ControllerConfiguration(clusterID: "test")
  var nodes = ConfiguredNodes(nodes: nil)
  var limits = WorkRunner.Limits()

  /// One life of the controller: started, then `body`, then gone.
  func live<Result: Sendable>(
    _ life: Mortality? = nil, _ body: @Sendable (VolumeController) async throws -> Result
  ) async throws -> Result {
    try await Mortality.$current.withValue(life) {
      let controller = VolumeController(
        configuration, backend: backend,
        store: life.map { MortalStore(store: store, life: $0) } ?? store, nodes: nodes,
        limits: limits, metrics: DriverMetrics(),
        logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
      return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await controller.work.run() }
        defer { group.cancelAll() }
        try await controller.start()
        return try await body(controller)
      }
    }
  }

  static let GiB: Int64 = 1 << 30

  static func volume(
    _ name: String = "pvc-1", size: Int64 = 2 * GiB, limit: Int64 = 0,
    from source: VolumeContentSource? = nil, parameters: [String: String] = [:],
    capabilities: [VolumeCapability] = [VolumeAccessTests.mount()]
  ) -> CreateVolumeRequest {
    var request = CreateVolumeRequest()
    request.name = name
    request.capacityRange = CapacityRange(requiredBytes: size, limitBytes: limit)
    request.volumeContentSource = source
    request.parameters = parameters
    request.volumeCapabilities = capabilities
    return request
  }

  static func publish(
    _ volume: String, to node: String, _ capability: VolumeCapability = VolumeAccessTests.mount(),
    readonly: Bool = false
  ) -> ControllerPublishVolumeRequest {
    var request = ControllerPublishVolumeRequest()
    request.volumeID = volume
    request.nodeID = node
    request.volumeCapability = capability
    request.readonly = readonly
    return request
  }

  static func block(
    _ mode: VolumeCapability.AccessMode = .singleNodeWriter
  ) -> VolumeCapability { VolumeCapability(accessType: .block, accessMode: mode) }

  /// Long enough for a slow machine; a test of deadlines has its own.
  static var patient: ServerContext {
    ServerContext(method: "/test", deadline: .now + .seconds(60))
  }

  /// The volume's id, as made by this harness's cluster.
  func id(_ name: String) -> ObjectID {
    ObjectID(.volume, name: name, cluster: configuration.clusterID)
  }
}

extension VolumeController {
  /// Makes a volume and returns what the orchestrator would get.
  func made(_ request: CreateVolumeRequest) async throws -> Volume {
    try #require(try await createVolume(request, ControllerHarness.patient).volume)
  }

  func delete(_ volume: String) async throws {
    var request = DeleteVolumeRequest()
    request.volumeID = volume
    _ = try await deleteVolume(request, ControllerHarness.patient)
  }

  func publish(
    _ volume: String, to node: String, _ capability: VolumeCapability = VolumeAccessTests.mount(),
    readonly: Bool = false
  ) async throws {
    _ = try await publishVolume(
      ControllerHarness.publish(volume, to: node, capability, readonly: readonly),
      ControllerHarness.patient)
  }

  func unpublish(_ volume: String, from node: String) async throws {
    var request = ControllerUnpublishVolumeRequest()
    request.volumeID = volume
    request.nodeID = node
    _ = try await unpublishVolume(request, ControllerHarness.patient)
  }

  func taken(_ name: String, of volume: String) async throws -> Snapshot {
    var request = CreateSnapshotRequest()
    request.name = name
    request.sourceVolumeID = volume
    return try #require(
      try await createSnapshot(request, ControllerHarness.patient).snapshot)
  }

  func deleteSnapshot(_ snapshot: String) async throws {
    var request = DeleteSnapshotRequest()
    request.snapshotID = snapshot
    _ = try await deleteSnapshot(request, ControllerHarness.patient)
  }

  func expand(
    _ volume: String, to size: Int64, limit: Int64 = 0
  ) async throws -> ControllerExpandVolumeResponse {
    var request = ControllerExpandVolumeRequest()
    request.volumeID = volume
    request.capacityRange = CapacityRange(requiredBytes: size, limitBytes: limit)
    return try await expandVolume(request, ControllerHarness.patient)
  }

  /// Until nothing is under way any more.
  func settled() async throws {
    while !work.all.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
  }
}

/// The code that a call fails with; nil when it does not.
func failureCode(_ body: () async throws -> Void) async -> StatusCode? {
  do {
    try await body()
    return nil
  } catch let error as RPCError {
    return error.code
  } catch {
    return .unknown
  }
}

/// The error that a call fails with.
func failure(_ body: () async throws -> Void) async throws -> RPCError {
  do {
    try await body()
  } catch let error as RPCError {
    return error
  }
  throw Unexpected()
}

/// It did not fail.
struct Unexpected: Error {}

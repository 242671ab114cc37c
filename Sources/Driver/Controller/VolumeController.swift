internal import Backends
internal import CSI
internal import GRPC
internal import Logging
internal import StateStore

/// csi.v1.Controller: makes volumes and snapshots on a backend and says which nodes may reach them.
///
/// Each RPC reads: validate, reserve the object, act, answer; the acting lives in one extension per
/// RPC. What is to become of an object is in its record before the backend is asked, the backend's
/// calls can be repeated, and the record says that it is done after it is done: so a retry, the next
/// life of the controller, or whoever else has the store finishes what was begun.
struct VolumeController: ControllerService {
  let configuration: ControllerConfiguration
  let backend: any Backend
  let nodes: any NodeDirectory
  let volumes: ObjectRecords<VolumeRecord>
  let snapshots: ObjectRecords<SnapshotRecord>
  let operations: Operations
  let work: WorkRunner
  let readiness = Readiness()
  let estate = Estate()
  let pending = PendingVolumes()
  /// Tells this life's unfinished work from another's. Never two the same.
  let life: String
  let logger: Logger

  init(
    _ configuration: ControllerConfiguration, backend: any Backend, store: any StateStore,
    nodes: any NodeDirectory, limits: WorkRunner.Limits = .init(), metrics: DriverMetrics,
    logger: Logger
  ) {
    self.configuration = configuration
    self.backend = backend
    self.nodes = nodes
    self.logger = logger
    volumes = ObjectRecords(store)
    snapshots = ObjectRecords(store)
    operations = Operations(logger: logger, metrics: metrics)
    work = WorkRunner(limits: limits, operations: operations, logger: logger)
    life = String(UInt64.random(in: .min ... .max), radix: 16)
  }

  /// Fails with `unimplemented` for what the backend cannot do, which is not advertised either.
  func require(_ capability: BackendCapability, for method: String) throws(DriverError) {
    guard backend.capabilities.contains(capability) else {
      throw DriverError(
        .unimplemented, "\(method): this driver's backend does not offer it; see its capabilities")
    }
  }

  /// The id that a request names; nil when no object of this kind can have it.
  func objectID(
    _ text: String, _ kind: ObjectID.Kind, field: String
  ) throws(DriverError) -> ObjectID? {
    guard !text.isEmpty else { throw DriverError(.invalidArgument, "\(field) is missing") }
    return ObjectID(text, kind: kind)
  }

  /// A name for a new object, checked: csi.proto bans control characters but for common white space.
  func objectName(_ name: String) throws(DriverError) -> String {
    guard !name.isEmpty else { throw DriverError(.invalidArgument, "name is missing") }
    guard name.utf8.count <= 253 else {
      throw DriverError(
        .invalidArgument, "name has \(name.utf8.count) bytes; at most 253 are allowed")
    }
    guard
      name.unicodeScalars.allSatisfy({
        $0.properties.generalCategory != .control || "\t\n\r".unicodeScalars.contains($0)
      })
    else { throw DriverError(.invalidArgument, "name holds a control character") }
    return name
  }

  /// The record of a volume that can be worked with.
  func readyVolume(
    _ id: ObjectID
  ) async throws(DriverError) -> ObjectRecords<VolumeRecord>.Stored {
    guard let stored = try await volumes.record(of: id) else {
      throw DriverError(.notFound, "volume \(id) does not exist")
    }
    switch stored.record.phase {
    case .ready: return stored
    case .creating:
      throw DriverError(.operationPending, "volume \(id) is being created; try again later")
    case .deleting:
      throw DriverError(.operationPending, "volume \(id) is being deleted")
    }
  }
}

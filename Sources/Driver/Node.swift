internal import BlockDevice
internal import CSI
internal import Command
internal import GRPC
internal import Linux
internal import Logging
internal import Mount
internal import NVMe
internal import StateStore

/// csi.v1.Node: connects, formats, mounts and publishes NVMe-oF namespaces on this node.
///
/// Each RPC reads: validate, reserve the volume, act through the domain modules, answer. The acting
/// lives in one extension per RPC.
struct Node: NodeService {
  let configuration: NodeConfiguration
  let host: HostIdentity
  let sysfs: NVMeSysfs
  let fabrics: Fabrics
  let devices: BlockDevices
  let mounts: Mounts
  let calls: IsolatedCalls
  let records: StageRecords
  let nodes: PublishedNodes
  let operations: Operations
  let subsystems: SubsystemUsers
  let changes: ChangeHints
  let recoveries: Recoveries
  let outages: Outages
  let holds: Holds
  let metrics: DriverMetrics
  let portals: Portals
  let sightings: Sightings
  let logger: Logger

  /// Reads the stage records that an earlier life of the plugin left.
  init(
    _ configuration: NodeConfiguration, runner: any CommandRunner, calls: IsolatedCalls,
    store: any StateStore, changes: ChangeHints,
    metrics: DriverMetrics, logger: Logger
  ) async throws(DriverError) {
    self.configuration = configuration
    self.changes = changes
    self.metrics = metrics
    recoveries = Recoveries(logger: logger, metrics: metrics)
    portals = Portals()
    sightings = Sightings()
    self.logger = logger
    host = HostIdentity(nodeID: configuration.nodeID)
    sysfs = NVMeSysfs()
    fabrics = Fabrics(sysfs: sysfs, runner: runner, calls: calls)
    devices = BlockDevices(runner: runner, calls: calls)
    mounts = Mounts(calls: calls)
    self.calls = calls
    outages = Outages()
    holds = Holds()
    nodes = PublishedNodes(sysfs: sysfs, metrics: metrics, logger: logger)
    records = StageRecords(store, nodes: nodes)
    operations = Operations(logger: logger, metrics: metrics)
    subsystems = SubsystemUsers(
      try await records.all { key, reason in
        logger.error(
          "a stage record cannot be read; its volume is left as it is",
          metadata: ["record": "\(key)", "reason": "\(reason)"])
      })
  }

  func path(_ text: String, field: String) throws(DriverError) -> KubeletPath {
    try KubeletPath(text, field: field, root: configuration.kubeletDirectory)
  }
}

extension ServerContext {
  /// When the answer must be ready: the caller's deadline less the time to send it, and two minutes
  /// (the kubelet's own limit) where the caller gave none.
  var answerDeadline: ContinuousClock.Instant {
    let now = ContinuousClock.now
    guard let deadline else { return now + .seconds(120) }
    let remaining = deadline - now
    return deadline - min(.seconds(1), remaining / 10)
  }
}

internal import Backends
internal import CSI
internal import Command
public import GRPC
internal import Linux
public import Logging
internal import Metrics
internal import MetricsEndpoint
internal import NVMe
internal import ServiceLifecycle
internal import StateStore
internal import Udev
internal import UnixSignals

/// The plugin as a whole, on one socket: the node service, the controller service, or both. Builds the
/// object graph and runs it.
public struct Plugin: Sendable {
  /// What the command line says.
  public struct Configuration: Sendable {
    /// The CSI socket.
    public var endpoint: Address
    /// As the CSIDriver object spells it.
    public var driverName: String
    /// For GetPluginInfo.
    public var version: String
    /// Where metrics and health checks are served; nil: nowhere.
    public var metrics: Address?
    /// csi.v1.Node; nil: not served.
    public var node: NodePart?
    /// csi.v1.Controller; nil: not served.
    public var controller: ControllerPart?

    /// No field has a default: see the commands'.
    public init(
      endpoint: Address, driverName: String, version: String, metrics: Address?, node: NodePart?,
      controller: ControllerPart?
    ) {
      self.endpoint = endpoint
      self.driverName = driverName
      self.version = version
      self.metrics = metrics
      self.node = node
      self.controller = controller
    }
  }

  /// What the node service is made of.
  public struct NodePart: Sendable {
    /// The machine.
    public var configuration: NodeConfiguration
    /// Where the stage records live; survives restarts of the plugin and reboots.
    public var stateDirectory: String

    /// Both.
    public init(_ configuration: NodeConfiguration, stateDirectory: String) {
      self.configuration = configuration
      self.stateDirectory = stateDirectory
    }
  }

  /// What the controller service is made of.
  public struct ControllerPart: Sendable {
    /// The service.
    public var configuration: ControllerConfiguration
    /// Where the records of volumes and snapshots live; survives everything.
    public var stateDirectory: String
    /// The nodes that there are; nil: any.
    public var nodes: Set<String>?
    /// What makes the volumes.
    public var backend: BackendChoice

    /// All of it.
    public init(
      _ configuration: ControllerConfiguration, stateDirectory: String, nodes: Set<String>?,
      backend: BackendChoice
    ) {
      self.configuration = configuration
      self.stateDirectory = stateDirectory
      self.nodes = nodes
      self.backend = backend
    }
  }

  let configuration: Configuration
  let logger: Logger

  /// Builds nothing yet.
  public init(_ configuration: Configuration, logger: Logger) {
    self.configuration = configuration
    self.logger = logger
  }

  /// Serves until SIGTERM or SIGINT, then lets calls in flight finish for two seconds. Returns, or
  /// ends the process, within five, or ten while a program runs that must not be cut short: what a call
  /// left undone a retry finishes from the records.
  public func run() async throws {
    // A peer that goes away in the middle of an answer must not end the process.
    Process.ignoreBrokenPipes()
    let metrics = DriverMetrics()
    let (executor, calls) = (CommandExecutor(), IsolatedCalls())
    let exit: @Sendable () async -> Void = {
      await executor.shutDown()
      Process.exitNow()
    }
    let interceptor = ObservingInterceptor(logger: logger, metrics: metrics)
    var capabilities: [PluginCapability] = []
    var methods: [GRPC.Method] = []
    // The last one is stopped first: the server still needs the others while it drains.
    var services: [any Service] = [ExecutorService(executor: executor)]
    var operations: [Operations] = []
    var stores: [FileStateStore] = []
    var readiness: Readiness?
    if let part = configuration.node {
      let store = try await FileStateStore(directory: part.stateDirectory)
      stores.append(store)
      let node = try await self.node(
        part, store: store, executor: executor, calls: calls, metrics: metrics)
      methods += nodeMethods(node, interceptor: interceptor)
      services += [
        node.changes,
        // A repair under way is finished by the next life of the plugin.
        BoundedShutdown(
          service: RecoveryService(node: node, changes: node.changes, logger: logger),
          limit: .milliseconds(500), operations: [node.operations], logger: logger, exit: exit),
      ]
      operations.append(node.operations)
      capabilities.append(.onlineVolumeExpansion)
      if !part.configuration.topology.isEmpty {
        capabilities.append(.volumeAccessibilityConstraints)
      }
    }
    if let part = configuration.controller {
      let store = try await FileStateStore(directory: part.stateDirectory)
      stores.append(store)
      let controller = try await self.controller(
        part, store: store, executor: executor, metrics: metrics)
      methods += controllerMethods(controller, interceptor: interceptor)
      services += [
        BoundedShutdown(
          service: controller.work, limit: .milliseconds(500), operations: [controller.operations],
          logger: logger, exit: exit),
        BoundedShutdown(
          service: ControllerUpkeep(controller: controller, logger: logger),
          limit: .milliseconds(500), operations: [controller.operations], logger: logger,
          exit: exit),
        BoundedShutdown(
          service: StuckWatch(backend: controller.backend, store: store, logger: logger),
          limit: .milliseconds(500), operations: [], logger: logger, exit: exit),
      ]
      operations.append(controller.operations)
      readiness = controller.readiness
      capabilities.append(.controllerService)
      if controller.backend.capabilities.contains(.expansion) {
        capabilities.append(.onlineVolumeExpansion)
      }
      if !part.configuration.topology.isEmpty {
        capabilities.append(.volumeAccessibilityConstraints)
      }
    }
    registerOldest(operations, metrics: metrics)
    registerStuck(executor, calls, metrics: metrics)
    let broken = BrokenRecords(stores, logger: logger)
    broken.registerGauge(in: metrics.registry)
    services.append(broken)
    let identity = Identity(
      driverName: configuration.driverName, version: configuration.version,
      capabilities: capabilities.reduce(into: []) { if !$0.contains($1) { $0.append($1) } })
    methods += identityMethods(identity, interceptor: interceptor)
    let server = try Server(
      Server.Configuration(address: configuration.endpoint), methods: methods)
    logger.notice(
      "serving",
      metadata: [
        "endpoint": "\(configuration.endpoint)", "driver": "\(configuration.driverName)",
        "node": "\(configuration.node?.configuration.nodeID ?? "-")",
        "controller": "\(configuration.controller?.configuration.clusterID ?? "-")",
      ])
    let serving = ServingState()
    services += metricsServices(metrics, serving, readiness)
    services.append(
      BoundedShutdown(
        service: ServerService(server: server, state: serving), limit: .seconds(4),
        operations: operations,
        logger: logger, exit: exit))
    // It would print every service whole, which is of use to nobody.
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .notice)
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: services.map { .init(service: $0) },
        gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet))
    try await group.run()
  }
}

extension Plugin {
  private func node(
    _ part: NodePart, store: FileStateStore, executor: CommandExecutor, calls: IsolatedCalls,
    metrics: DriverMetrics
  ) async throws -> Node {
    let changes = ChangeHints(UdevMonitor(subsystems: ["block", "nvme"]), logger: logger)
    let node = try await Node(
      part.configuration, runner: executor, calls: calls, store: store, changes: changes,
      metrics: metrics, logger: logger)
    node.registerGauges()
    return node
  }

  private func controller(
    _ part: ControllerPart, store: FileStateStore, executor: CommandExecutor,
    metrics: DriverMetrics
  ) async throws -> VolumeController {
    let owner = PoolOwner(
      driver: configuration.driverName, cluster: part.configuration.clusterID)
    let backend = try part.backend.make(owner: owner, store: store, runner: executor) {
      [logger] text in logger.warning("\(text)")
    }
    let controller = VolumeController(
      part.configuration, backend: backend, store: store,
      nodes: ConfiguredNodes(nodes: part.nodes), metrics: metrics, logger: logger)
    controller.registerGauges(in: metrics.registry)
    return controller
  }

  private func registerOldest(_ operations: [Operations], metrics: DriverMetrics) {
    metrics.registry.callbackGauges(
      "nvmeof_csi_oldest_operation_seconds",
      help: "Age of the oldest operation under way on a volume; 0 without any.", labels: []
    ) {
      let now = ContinuousClock.now
      let oldest = operations.flatMap(\.held.values).map { now - $0.since }.max() ?? .zero
      return [GaugeSample([], oldest / .seconds(1))]
    }
  }

  private func registerStuck(
    _ executor: CommandExecutor, _ calls: IsolatedCalls, metrics: DriverMetrics
  ) {
    metrics.registry.callbackGauges(
      "nvmeof_csi_stuck_children",
      help:
        "Child processes that nobody waits for any more: programs, or system calls, that were killed "
        + "and sit in the kernel, and programs that are not to be killed.",
      labels: ["kind"]
    ) {
      [
        GaugeSample(["program"], Double(executor.stuck.count)),
        GaugeSample(["call"], Double(calls.stuck.count)),
      ]
    }
  }

  /// Ready is who answers every call: the socket is served, and a controller has found its storage.
  private func metricsServices(
    _ metrics: DriverMetrics, _ serving: ServingState, _ readiness: Readiness?
  ) -> [any Service] {
    guard case .tcp(let host, let port)? = configuration.metrics else { return [] }
    var settings = MetricsEndpoint.Configuration(port: Int(port))
    settings.host = host
    let endpoint = MetricsEndpoint(
      settings, metrics: { await metrics.registry.text() },
      readyz: { serving.problem ?? readiness?.obstacle },
      whenListening: { [logger] port in
        logger.notice("serving metrics", metadata: ["host": "\(host)", "port": "\(port)"])
      })
    return [MetricsService(endpoint: endpoint, logger: logger)]
  }
}

/// Runs programs for as long as the plugin lives.
private struct ExecutorService: Service {
  let executor: CommandExecutor

  func run() async {
    await cancelWhenGracefulShutdown { await executor.run() }
  }
}

/// Serves the socket.
private struct ServerService: Service {
  let server: Server
  let state: ServingState

  func run() async {
    state.begin()
    await withGracefulShutdownHandler {
      await server.run()
    } onGracefulShutdown: {
      state.end()
      server.shutDown()
    }
    state.end()
  }
}

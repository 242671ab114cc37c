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

/// The node plugin as a whole: builds the object graph and runs it.
public struct NodePlugin: Sendable {
  /// What the command line says.
  public struct Configuration: Sendable {
    /// The CSI socket.
    public var endpoint: Address
    /// As the CSIDriver object spells it.
    public var driverName: String
    /// For GetPluginInfo.
    public var version: String
    /// Where the stage records live; survives restarts of the plugin and reboots.
    public var stateDirectory: String
    /// Where metrics and health checks are served; nil: nowhere.
    public var metrics: Address?
    /// For the Node service.
    public var node: NodeConfiguration

    /// No field has a default: see the command's.
    public init(
      endpoint: Address, driverName: String, version: String, stateDirectory: String,
      metrics: Address?, node: NodeConfiguration
    ) {
      self.endpoint = endpoint
      self.driverName = driverName
      self.version = version
      self.stateDirectory = stateDirectory
      self.metrics = metrics
      self.node = node
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
  /// ends the process, within five: what a call left undone a retry finishes from the stage record.
  public func run() async throws {
    // A peer that goes away in the middle of an answer must not end the process.
    Process.ignoreBrokenPipes()
    let calls = IsolatedCalls()
    let executor = CommandExecutor()
    let store = try await FileStateStore(directory: configuration.stateDirectory)
    let changes = ChangeHints(UdevMonitor(subsystems: ["block", "nvme"]), logger: logger)
    let node = try await Node(
      configuration.node, runner: executor, calls: calls, store: store, changes: changes,
      logger: logger)
    let identity = Identity(
      driverName: configuration.driverName, version: configuration.version,
      capabilities: configuration.node.topology.isEmpty
        ? [.onlineVolumeExpansion] : [.onlineVolumeExpansion, .volumeAccessibilityConstraints])
    node.registerGauges(executor: executor, calls: calls)
    let interceptor = ObservingInterceptor(logger: logger, metrics: node.metrics)
    let server = try Server(
      Server.Configuration(address: configuration.endpoint),
      methods: identityMethods(identity, interceptor: interceptor)
        + nodeMethods(node, interceptor: interceptor))
    logger.notice(
      "serving",
      metadata: [
        "endpoint": "\(configuration.endpoint)", "driver": "\(configuration.driverName)",
        "node": "\(configuration.node.nodeID)", "hostnqn": "\(node.host.nqn)",
      ])
    // It would print every service whole, which is of use to nobody.
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .notice)
    // The last one is stopped first: the server still needs the others while it drains.
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [
          .init(service: ExecutorService(executor: executor)),
          .init(service: changes),
          .init(service: RecoveryService(node: node, changes: changes, logger: logger)),
        ] + metricsServices(of: node) + [
          .init(
            service: ServerService(server: server, operations: node.operations, logger: logger))
        ],
        gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet))
    try await group.run()
  }
}

extension NodePlugin {
  private func metricsServices(of node: Node) -> [ServiceGroupConfiguration.ServiceConfiguration] {
    guard case .tcp(let host, let port)? = configuration.metrics else { return [] }
    var settings = MetricsEndpoint.Configuration(port: Int(port))
    settings.host = host
    let endpoint = MetricsEndpoint(
      settings, metrics: { await node.metrics.registry.text() }, readyz: { nil },
      whenListening: { [logger] port in
        logger.notice("serving metrics", metadata: ["host": "\(host)", "port": "\(port)"])
      })
    return [.init(service: MetricsService(endpoint: endpoint, logger: logger))]
  }
}

/// Runs programs for as long as the plugin lives.
private struct ExecutorService: Service {
  let executor: CommandExecutor

  func run() async {
    await cancelWhenGracefulShutdown { await executor.run() }
  }
}

/// Serves the socket, and sees to it that shutting down ends.
private struct ServerService: Service {
  let server: Server
  let operations: Operations
  let logger: Logger

  func run() async {
    await withGracefulShutdownHandler {
      await withTaskGroup { group in
        group.addTask { await giveUp() }
        await server.run()
        group.cancelAll()
      }
    } onGracefulShutdown: {
      server.shutDown()
    }
  }

  /// A handler that waits for the kernel cannot be made to return. Four seconds after the order to
  /// stop the process goes without it: nothing it holds is lost by that.
  private func giveUp() async {
    guard (try? await gracefulShutdown()) != nil,
      (try? await Task.sleep(for: .seconds(4))) != nil
    else { return }
    for (volume, holder) in operations.held {
      logger.warning(
        "stopping in the middle of an operation; a retry will finish it",
        metadata: [
          "volume": "\(volume)", "operation": "\(holder.operation)",
          "step": "\(holder.step ?? "between steps")",
        ])
    }
    Process.exitNow()
  }
}

import CSI
import GRPC
import Logging
import StateStore

@testable import Driver

extension Subject {
  /// What the suite is run against.
  static let all = [driver]

  /// This driver's controller service on storage in memory.
  static let driver = Subject(
    name: "VolumeController",
    serve: { (path, body) async throws in
      let logger = Logger(label: "conformance") { _ in SwiftLogNoOpLogHandler() }
      let metrics = DriverMetrics()
      let controller = VolumeController(
        ControllerConfiguration(clusterID: "conformance"),
        backend: MemoryBackend(capacity: 16384 * .gibibyte), store: MemoryStateStore(),
        nodes: ConfiguredNodes(nodes: ["node-1", "node-2", "node-3"]), metrics: metrics,
        logger: logger)
      try await controller.start()
      let identity = Identity(
        driverName: "nvmeof.csi.dev", version: "0", capabilities: [.controllerService])
      let interceptor = ObservingInterceptor(logger: logger, metrics: metrics)
      let server = try Server(
        Server.Configuration(address: .unix(path: path)),
        methods: identityMethods(identity, interceptor: interceptor)
          + controllerMethods(controller, interceptor: interceptor))
      try await withThrowingTaskGroup { group in
        group.addTask { await controller.work.run() }
        group.addTask { await server.run() }
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
        server.shutDown()
        group.cancelAll()
        try await group.waitForAll()
        try outcome.get()
      }
    },
    parameters: ["thick": "true"], tooLarge: 16385 * .gibibyte)
}

import Backends
import CSI
import GRPC
import Linux
import Logging
import StateStore
import Synchronization
import Testing

@testable import Driver

extension Subject {
  /// What the suite is run against.
  static let all = [memory, nvmet]

  /// This driver's controller service on storage in memory.
  static let memory = Subject(
    name: "VolumeController on MemoryBackend",
    serve: { (path, body) async throws in
      let backend = MemoryBackend(capacity: 16384 * .gibibyte)
      let controller = VolumeController.forConformance(backend, MemoryStateStore())
      try await controller.serve(at: path, body)
      let records = Set(try await controller.volumes.ids() + controller.snapshots.ids())
      backend.state.withLock { state in
        #expect(records == Set(state.volumes.keys).union(state.snapshots.keys))
        #expect(state.leftovers == [])
      }
    },
    parameters: ["thick": "true"], tooLarge: 16385 * .gibibyte, topology: here, elsewhere: there)

  /// The same on the kernel's target with a pool of files; of that, configfs alone is imitated.
  static let nvmet = Subject(
    name: "VolumeController on NVMetBackend",
    serve: { (path, body) async throws in
      try await TargetGround.run { ground in
        try await ground.live { controller in
          try await controller.serve(at: path, body)
          try await ground.expectTruth(controller)
        }
      }
    },
    parameters: ["allocation": "full"], tooLarge: 1 << 60, topology: here, elsewhere: there)

  private static let here = Topology(segments: ["zone": "a"])
  private static let there = Topology(segments: ["zone": "b"])
}

extension VolumeController {
  /// A controller as the suite wants it, with its storage there.
  static func forConformance(
    _ backend: any Backend, _ store: any StateStore
  ) -> VolumeController {
    var configuration = ControllerConfiguration(clusterID: "conformance")
    configuration.topology = Subject.memory.topology.segments
    return VolumeController(
      configuration, backend: backend, store: store,
      nodes: ConfiguredNodes(nodes: ["node-1", "node-2", "node-3"]), metrics: DriverMetrics(),
      logger: Logger(label: "conformance") { _ in SwiftLogNoOpLogHandler() })
  }

  /// Starts and serves at the path of a unix socket for as long as `body` runs, and until the work that
  /// it gave has ended.
  func serve(at path: String, _ body: @Sendable () async throws -> Void) async throws {
    let identity = Identity(
      driverName: "nvmeof.csi.dev", version: "0", capabilities: [.controllerService])
    let interceptor = ObservingInterceptor(logger: logger, metrics: DriverMetrics())
    let server = try Server(
      Server.Configuration(address: .unix(path: path)),
      methods: identityMethods(identity, interceptor: interceptor)
        + controllerMethods(self, interceptor: interceptor))
    try await withThrowingTaskGroup { group in
      group.addTask { await work.run() }
      group.addTask { await server.run() }
      let outcome: Result<Void, any Error>
      do {
        try await start()
        try await body()
        try await settled()
        outcome = .success(())
      } catch {
        outcome = .failure(error)
      }
      server.shutDown()
      group.cancelAll()
      try await group.waitForAll()
      try outcome.get()
    }
  }
}

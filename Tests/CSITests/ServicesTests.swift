import GRPC
import Glibc
import ProtobufC
import Synchronization
import Testing

@testable import CSI

/// Counts the calls that go through it.
final class Counter: Interceptor {
  let count = Atomic(0)

  func intercept<Request: Sendable, Response: Sendable>(
    _ request: Request, _ context: ServerContext,
    next: (Request, ServerContext) async throws(RPCError) -> Response
  ) async throws(RPCError) -> Response {
    count.add(1, ordering: .relaxed)
    return try await next(request, context)
  }
}

@Suite("The services")
struct ServicesTests {
  let service = GoldenService()
  let counter = Counter()

  var methods: [GRPC.Method] {
    identityMethods(service, interceptor: counter) + nodeMethods(service, interceptor: counter)
      + controllerMethods(service, interceptor: counter)
  }

  @Test("have the methods of csi.proto, and no other")
  func paths() {
    let described = services.filter { GoldenMessages.services.contains($0.name) }
      .flatMap { $0.methods.map(\.path) }
    #expect(Set(methods.map(\.path)) == Set(described))
    #expect(methods.count == described.count)
    #expect(
      services.map(\.name) == [
        "Identity", "Controller", "GroupController", "SnapshotMetadata", "Node",
      ])
  }

  @Test("answer what they are asked, over a socket")
  func endToEnd() async throws {
    let path = "/tmp/csi-tests-\(getpid())-\(UInt64.random(in: 0 ... .max)).sock"
    let server = try Server(Server.Configuration(address: .unix(path: path)), methods: methods)
    async let running: Void = server.run()
    try await Client.with(.unix(path: path)) { client in
      try await callIdentityAndNode(client)
      try await callController(ControllerClient(client))
    }
    server.shutDown()
    await running
    #expect(counter.count.load(ordering: .relaxed) == 26)
    let goldens = Dictionary(
      uniqueKeysWithValues: GoldenMessages.all.map { ($0.name, $0.bytes) })
    for service in services {
      for method in service.methods where GoldenMessages.services.contains(service.name) {
        let got = self.service.requests.withLock { $0[method.path] }
        #expect(got == goldens[method.request.name], "\(method.path)")
      }
    }
  }

  private func callIdentityAndNode(_ client: Client) async throws {
    let identity = IdentityClient(client)
    let node = NodeClient(client)
    #expect(try await identity.getPluginInfo() == GoldenMessages.pluginInfo)
    #expect(try await identity.getPluginCapabilities() == GoldenMessages.pluginCapabilities)
    #expect(try await identity.probe() == ProbeResponse(ready: true))
    #expect(try await node.stageVolume(GoldenMessages.stage) == NodeStageVolumeResponse())
    let error = await #expect(throws: RPCError.self) {
      try await node.unstageVolume(GoldenMessages.unstage)
    }
    #expect(error == RPCError(.failedPrecondition, "unstage: still published"))
    #expect(try await node.publishVolume(GoldenMessages.publish) == NodePublishVolumeResponse())
    #expect(
      try await node.unpublishVolume(GoldenMessages.unpublish) == NodeUnpublishVolumeResponse())
    #expect(try await node.getVolumeStats(GoldenMessages.stats) == GoldenMessages.volumeStats)
    #expect(
      try await node.expandVolume(GoldenMessages.expand)
        == NodeExpandVolumeResponse(capacityBytes: 107_374_182_400))
    #expect(try await node.getCapabilities() == GoldenMessages.nodeCapabilities)
    #expect(try await node.getInfo() == GoldenMessages.nodeInfo)
  }

  private func callController(_ controller: ControllerClient) async throws {
    typealias Messages = GoldenMessages
    #expect(try await controller.createVolume(Messages.create).volume == Messages.volume)
    #expect(try await controller.deleteVolume(Messages.delete) == DeleteVolumeResponse())
    #expect(
      try await controller.publishVolume(Messages.controllerPublish).publishContext
        == ["attachment": "7"])
    #expect(
      try await controller.unpublishVolume(Messages.controllerUnpublish)
        == ControllerUnpublishVolumeResponse())
    #expect(
      try await controller.validateVolumeCapabilities(Messages.validate) == Messages.validated)
    #expect(try await controller.listVolumes(Messages.list) == Messages.volumes)
    #expect(try await controller.getCapacity(Messages.getCapacity) == Messages.capacity)
    #expect(try await controller.getCapabilities() == Messages.controllerCapabilities)
    #expect(
      try await controller.createSnapshot(Messages.createSnapshot).snapshot == Messages.snapshot)
    #expect(
      try await controller.deleteSnapshot(Messages.deleteSnapshot) == DeleteSnapshotResponse())
    #expect(try await controller.listSnapshots(Messages.listSnapshots) == Messages.snapshots)
    #expect(try await controller.getSnapshot(Messages.getSnapshot).snapshot == Messages.snapshot)
    #expect(try await controller.expandVolume(Messages.controllerExpand) == Messages.expanded)
    #expect(
      try await controller.getVolume(Messages.getVolume)
        == ControllerGetVolumeResponse(volume: Messages.volume, status: Messages.status))
    #expect(
      try await controller.modifyVolume(Messages.modify) == ControllerModifyVolumeResponse())
  }

  @Test("answer a request that cannot be read with INVALID_ARGUMENT, unseen by the service")
  func invalid() async throws {
    let method = try #require(methods.first { $0.path == "/csi.v1.Node/NodeStageVolume" })
    let error = await #expect(throws: RPCError.self) {
      _ = try await method.handler(
        Slice([0x0a, 3, 0x61, 0, 0x62]), ServerContext(method: method.path))
    }
    #expect(
      error
        == RPCError(.invalidArgument, "NodeStageVolumeRequest.volume_id: has a NUL in it"))
    #expect(counter.count.load(ordering: .relaxed) == 0)
    #expect(service.requests.withLock { $0.isEmpty })
  }
}

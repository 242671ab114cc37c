import GRPC
import Glibc
import ProtobufC
import Synchronization
import Testing

@testable import CSI

/// Answers every method with the golden response and keeps the request's bytes.
final class GoldenService: IdentityService, NodeService {
  let requests = Mutex<[String: [UInt8]]>([:])

  private func keep(_ context: ServerContext, _ bytes: [UInt8]) {
    requests.withLock { $0[context.method] = bytes }
  }

  func getPluginInfo(
    _ request: GetPluginInfoRequest, _ context: ServerContext
  )
    async throws(RPCError) -> GetPluginInfoResponse
  {
    unsafe keep(context, request.encoded().bytes)
    return GoldenMessages.pluginInfo
  }
  func getPluginCapabilities(
    _ request: GetPluginCapabilitiesRequest, _ context: ServerContext
  )
    async throws(RPCError) -> GetPluginCapabilitiesResponse
  {
    unsafe keep(context, request.encoded().bytes)
    return GoldenMessages.pluginCapabilities
  }
  func probe(
    _ request: ProbeRequest, _ context: ServerContext
  )
    async throws(RPCError) -> ProbeResponse
  {
    unsafe keep(context, request.encoded().bytes)
    return ProbeResponse(ready: true)
  }
  func stageVolume(
    _ request: NodeStageVolumeRequest, _ context: ServerContext
  )
    async throws(RPCError) -> NodeStageVolumeResponse
  {
    unsafe keep(context, request.encoded().bytes)
    return NodeStageVolumeResponse()
  }
  func unstageVolume(
    _ request: NodeUnstageVolumeRequest, _ context: ServerContext
  )
    async throws(RPCError) -> NodeUnstageVolumeResponse
  {
    unsafe keep(context, request.encoded().bytes)
    throw RPCError(.failedPrecondition, "unstage: still published")
  }
  func publishVolume(
    _ request: NodePublishVolumeRequest, _ context: ServerContext
  )
    async throws(RPCError) -> NodePublishVolumeResponse
  {
    unsafe keep(context, request.encoded().bytes)
    return NodePublishVolumeResponse()
  }
  func unpublishVolume(
    _ request: NodeUnpublishVolumeRequest, _ context: ServerContext
  )
    async throws(RPCError) -> NodeUnpublishVolumeResponse
  {
    unsafe keep(context, request.encoded().bytes)
    return NodeUnpublishVolumeResponse()
  }
  func getVolumeStats(
    _ request: NodeGetVolumeStatsRequest, _ context: ServerContext
  )
    async throws(RPCError) -> NodeGetVolumeStatsResponse
  {
    unsafe keep(context, request.encoded().bytes)
    return GoldenMessages.volumeStats
  }
  func expandVolume(
    _ request: NodeExpandVolumeRequest, _ context: ServerContext
  )
    async throws(RPCError) -> NodeExpandVolumeResponse
  {
    unsafe keep(context, request.encoded().bytes)
    return NodeExpandVolumeResponse(capacityBytes: 107_374_182_400)
  }
  func getCapabilities(
    _ request: NodeGetCapabilitiesRequest, _ context: ServerContext
  )
    async throws(RPCError) -> NodeGetCapabilitiesResponse
  {
    unsafe keep(context, request.encoded().bytes)
    return GoldenMessages.nodeCapabilities
  }
  func getInfo(
    _ request: NodeGetInfoRequest, _ context: ServerContext
  )
    async throws(RPCError) -> NodeGetInfoResponse
  {
    unsafe keep(context, request.encoded().bytes)
    return GoldenMessages.nodeInfo
  }
}

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
  }

  @Test("have the methods of csi.proto, and no other")
  func paths() {
    let described = services.filter { ["Identity", "Node"].contains($0.name) }
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
    try await Client.with(.unix(path: path)) { client in try await callAll(client) }
    server.shutDown()
    await running
    #expect(counter.count.load(ordering: .relaxed) == 11)
    let goldens = Dictionary(
      uniqueKeysWithValues: GoldenMessages.all.map { ($0.name, $0.bytes) })
    for service in services {
      for method in service.methods where ["Identity", "Node"].contains(service.name) {
        let got = self.service.requests.withLock { $0[method.path] }
        #expect(got == goldens[method.request.name], "\(method.path)")
      }
    }
  }

  private func callAll(_ client: Client) async throws {
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

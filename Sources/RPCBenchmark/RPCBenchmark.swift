import CSI
import GRPC

/// The server that `hack/bench rpc` holds beside gRPC C++'s: this repository's gRPC module and nothing
/// else, answering GetPluginInfo as the other does.
@main
struct RPCBenchmark {
  static func main() async throws {
    guard CommandLine.arguments.count == 2 else {
      print("usage: nvmeof-csi-bench-rpc unix:///PATH")
      return
    }
    let server = try Server(
      .init(address: try Address(CommandLine.arguments[1])),
      methods: identityMethods(Canned(), interceptor: Bare()))
    await server.run()
  }
}

private struct Canned: IdentityService {
  func getPluginInfo(
    _ request: GetPluginInfoRequest, _ context: ServerContext
  ) async throws(RPCError) -> GetPluginInfoResponse {
    GetPluginInfoResponse(name: "nvmeof.csi.dev", vendorVersion: "0.1.0")
  }

  func getPluginCapabilities(
    _ request: GetPluginCapabilitiesRequest, _ context: ServerContext
  ) async throws(RPCError) -> GetPluginCapabilitiesResponse {
    throw RPCError(.unimplemented, "only GetPluginInfo is measured")
  }

  func probe(
    _ request: ProbeRequest, _ context: ServerContext
  ) async throws(RPCError) -> ProbeResponse {
    throw RPCError(.unimplemented, "only GetPluginInfo is measured")
  }
}

private struct Bare: Interceptor {
  func intercept<Request: Sendable, Response: Sendable>(
    _ request: Request, _ context: ServerContext,
    next: (Request, ServerContext) async throws(RPCError) -> Response
  ) async throws(RPCError) -> Response {
    try await next(request, context)
  }
}

public import GRPC

/// csi.v1.Identity
public protocol IdentityService: Sendable {
  /// Who the plugin is.
  func getPluginInfo(
    _ request: GetPluginInfoRequest, _ context: ServerContext
  ) async throws(RPCError) -> GetPluginInfoResponse
  /// What the plugin can do as a whole.
  func getPluginCapabilities(
    _ request: GetPluginCapabilitiesRequest, _ context: ServerContext
  ) async throws(RPCError) -> GetPluginCapabilitiesResponse
  /// Whether it is ready to serve.
  func probe(
    _ request: ProbeRequest, _ context: ServerContext
  ) async throws(RPCError) -> ProbeResponse
}

/// The method table of csi.v1.Identity.
public func identityMethods(
  _ service: any IdentityService, interceptor: any Interceptor
) -> [GRPC.Method] {
  unsafe [
    GRPC.Method("/csi.v1.Identity/GetPluginInfo", interceptor, runsImmediately: true) {
      (request: GetPluginInfoRequest, context) async throws(RPCError) -> GetPluginInfoResponse in
      try await service.getPluginInfo(request, context)
    },
    unsafe GRPC.Method("/csi.v1.Identity/GetPluginCapabilities", interceptor, runsImmediately: true)
    {
      (
        request: GetPluginCapabilitiesRequest, context
      ) async throws(RPCError) -> GetPluginCapabilitiesResponse in
      try await service.getPluginCapabilities(request, context)
    },
    unsafe GRPC.Method("/csi.v1.Identity/Probe", interceptor, runsImmediately: true) {
      (request: ProbeRequest, context) async throws(RPCError) -> ProbeResponse in
      try await service.probe(request, context)
    },
  ]
}

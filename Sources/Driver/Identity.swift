internal import CSI
internal import GRPC

/// csi.v1.Identity: who this plugin is and whether it can serve.
struct Identity: IdentityService {
  let driverName: String
  let version: String
  let capabilities: [PluginCapability]

  /// `driverName` as the CSIDriver object spells it.
  init(driverName: String, version: String, capabilities: [PluginCapability]) {
    self.driverName = driverName
    self.version = version
    self.capabilities = capabilities
  }

  /// GetPluginInfo
  func getPluginInfo(
    _ request: GetPluginInfoRequest, _ context: ServerContext
  )
    async throws(RPCError) -> GetPluginInfoResponse
  {
    GetPluginInfoResponse(name: driverName, vendorVersion: version)
  }

  /// GetPluginCapabilities
  func getPluginCapabilities(
    _ request: GetPluginCapabilitiesRequest, _ context: ServerContext
  ) async throws(RPCError) -> GetPluginCapabilitiesResponse {
    GetPluginCapabilitiesResponse(capabilities: capabilities)
  }

  /// Probe: the plugin serves from the moment its socket is there, since everything it needs is read
  /// before. It looks at no device, so that an outage of a target never gets the plugin restarted.
  func probe(
    _ request: ProbeRequest, _ context: ServerContext
  )
    async throws(RPCError) -> ProbeResponse
  {
    ProbeResponse(ready: true)
  }
}

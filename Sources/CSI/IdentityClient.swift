public import GRPC

/// A client of csi.v1.Identity.
public struct IdentityClient: Sendable {
  private let client: Client

  /// Calls over this client.
  public init(_ client: Client) { self.client = client }

  /// Who the plugin is.
  public func getPluginInfo(
    _ request: GetPluginInfoRequest = GetPluginInfoRequest(),
    deadline: ContinuousClock.Instant? = nil
  ) async throws(RPCError) -> GetPluginInfoResponse {
    unsafe try await client.call("/csi.v1.Identity/GetPluginInfo", request, deadline: deadline)
  }

  /// What the plugin can do as a whole.
  public func getPluginCapabilities(
    _ request: GetPluginCapabilitiesRequest = GetPluginCapabilitiesRequest(),
    deadline: ContinuousClock.Instant? = nil
  ) async throws(RPCError) -> GetPluginCapabilitiesResponse {
    unsafe try await client.call(
      "/csi.v1.Identity/GetPluginCapabilities", request, deadline: deadline)
  }

  /// Whether it is ready to serve.
  public func probe(
    _ request: ProbeRequest = ProbeRequest(), deadline: ContinuousClock.Instant? = nil
  ) async throws(RPCError) -> ProbeResponse {
    unsafe try await client.call("/csi.v1.Identity/Probe", request, deadline: deadline)
  }
}

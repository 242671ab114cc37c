internal import GRPC

/// Runs an RPC's body and maps its failure, in the one place where that is done.
func answering<Response>(
  _ body: () async throws(DriverError) -> Response
)
  async throws(RPCError) -> Response
{
  do { return try await body() } catch { throw RPCError(error) }
}

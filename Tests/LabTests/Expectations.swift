import GRPC
import Testing

/// Expects a call to fail with a code and a message that holds every one of the texts.
func expectRefusal(
  _ code: StatusCode, _ texts: String..., sourceLocation: SourceLocation = #_sourceLocation,
  _ call: () async throws -> Void
) async {
  let error = await #expect(throws: RPCError.self, sourceLocation: sourceLocation) {
    try await call()
  }
  guard let error else { return }
  #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
  for text in texts {
    #expect(error.message.contains(text), "\(error)", sourceLocation: sourceLocation)
  }
}

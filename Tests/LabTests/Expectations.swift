import GRPC
import Lab
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

/// Waits until a condition that has to ask the plugin holds.
func eventuallyHolds(
  within limit: Duration, _ what: String, _ condition: () async throws -> Bool
) async throws {
  let end = ContinuousClock.now + limit
  while try await !condition() {
    guard ContinuousClock.now < end else { throw LabError("waited \(limit) in vain for \(what)") }
    try await Task.sleep(for: .milliseconds(200))
  }
}

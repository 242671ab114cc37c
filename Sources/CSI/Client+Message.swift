internal import GRPC
internal import ProtobufC

extension Client {
  /// A unary call with messages instead of bytes.
  func call<Request: Message, Response: Message>(
    _ path: String, _ request: Request, deadline: ContinuousClock.Instant?
  ) async throws(RPCError) -> Response {
    let answer = try await call(path, request.encoded(), deadline: deadline)
    do throws(WireError) {
      return try Response(decoding: answer)
    } catch {
      throw RPCError(.internal, "\(path): its answer cannot be read: \(error.description)")
    }
  }
}

public import GRPC
internal import ProtobufC

/// Wraps every handler once: logging now, metrics and spans later.
public protocol Interceptor: Sendable {
  /// Calls `next` once and answers with what it answers.
  func intercept<Request: Sendable, Response: Sendable>(
    _ request: Request, _ context: ServerContext,
    next: (Request, ServerContext) async throws(RPCError) -> Response
  ) async throws(RPCError) -> Response
}

extension GRPC.Method {
  /// A method that decodes its request, has it answered through the interceptor and encodes that.
  init<Request: Message, Response: Message>(
    _ path: String, _ interceptor: any Interceptor, runsImmediately: Bool = false,
    _ answer:
      @escaping @Sendable (Request, ServerContext) async throws(RPCError) -> Response
  ) {
    self.init(path, runsImmediately: runsImmediately) {
      (slice, context) async throws(RPCError) -> Slice in
      let request: Request
      do throws(WireError) {
        request = try Request(decoding: slice)
      } catch {
        throw RPCError(.invalidArgument, error.description)
      }
      return try await interceptor.intercept(request, context, next: answer).encoded()
    }
  }
}

/// A unary method: its path and what answers it.
public struct Method: Sendable {
  /// Answers one request. An error is sent as it is; its message reaches people.
  public typealias Handler =
    @Sendable (_ request: borrowing Slice, _ context: ServerContext) async throws(RPCError) -> Slice

  /// `/csi.v1.Identity/Probe`
  public let path: String
  /// Whether the handler starts on the thread that received the request, which saves a cheap call
  /// two changes of thread: half its time.
  ///
  /// That thread serves every other call's I/O meanwhile. Only a handler that never blocks and
  /// never computes for long, before and after each `await`, may say so.
  public let runsImmediately: Bool
  /// What answers it.
  public let handler: Handler

  /// A method whose handler runs on Swift's thread pool unless it `runsImmediately`.
  public init(_ path: String, runsImmediately: Bool = false, handler: @escaping Handler) {
    self.path = path
    self.runsImmediately = runsImmediately
    self.handler = handler
  }
}

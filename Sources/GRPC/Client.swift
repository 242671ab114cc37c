internal import CGRPC
internal import Synchronization

// Sendable: creating calls on a channel is thread-safe, and the channel lives until the last call
// has left, which `state` counts.

/// A client for unary calls over one channel.
@safe public final class Client: @unchecked Sendable {
  private let queue = CompletionQueue()
  private let channel: OpaquePointer
  private let state = Mutex(State())

  fileprivate struct State {
    var calls = 0
    var isClosed = false
    var onLastCall: CheckedContinuation<Void, Never>?
  }

  private init(_ address: Address, maximumMessageSize: Int) {
    unsafe channel = cgrpc_channel_create(
      address.coreTarget, Int32(clamping: maximumMessageSize))
    queue.start()
  }

  /// Connects at the first call, and again when the connection was lost; closed and its threads
  /// joined before this returns. A call that outlives `body` is waited for.
  public static func with<R: Sendable>(
    _ address: Address, maximumMessageSize: Int = 4 << 20,
    _ body: (Client) async throws -> R
  ) async throws -> R {
    let client = Client(address, maximumMessageSize: maximumMessageSize)
    do {
      let result = try await body(client)
      await client.close()
      return result
    } catch {
      await client.close()
      throw error
    }
  }

  /// Calls a unary method. Cancelling the task cancels the call, which then throws `.cancelled`.
  ///
  /// With nobody listening it fails at once with `.unavailable`.
  public func call(
    _ path: String, _ request: consuming Slice, deadline: ContinuousClock.Instant? = nil,
    metadata: Metadata = Metadata()
  ) async throws(RPCError) -> Slice {
    guard path.hasPrefix("/"), path.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
      throw RPCError(.invalidArgument, "'\(path)' is not the path of a method")
    }
    guard state.withLock({ $0.enter() }) else {
      throw RPCError(.unavailable, "\(path): the client is closed")
    }
    defer { state.withLock { $0.leave() }?.resume() }
    let call = unsafe ClientCall(path, on: channel, queue, deadline: deadline)
    try call.add(metadata)
    return try await call.perform(request)
  }

  private func close() async {
    await withCheckedContinuation { continuation in
      let isIdle = state.withLock { state in
        state.isClosed = true
        if state.calls > 0 { state.onLastCall = continuation }
        return state.calls == 0
      }
      if isIdle { continuation.resume() }
    }
    unsafe cgrpc_channel_destroy(channel)
    await queue.stop()
  }
}

extension Client.State {
  mutating func enter() -> Bool {
    if isClosed { return false }
    calls += 1
    return true
  }

  /// What to resume: the closing that waited for the last call.
  mutating func leave() -> CheckedContinuation<Void, Never>? {
    calls -= 1
    return calls == 0 ? onLastCall.take() : nil
  }
}

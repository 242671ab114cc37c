internal import CGRPC
internal import Synchronization

/// One unary call from the client's side: one operation that holds a reference until it completes.
//
// Sendable: the core's call is used by the calling task before `start` and after `finished`, and in
// between only to cancel it, which is safe from any thread.
@safe final class ClientCall: @unchecked Sendable {
  private let core: OpaquePointer
  private let waiter = Mutex<CheckedContinuation<Void, Never>?>(nil)

  init(
    _ path: String, on channel: OpaquePointer, _ queue: CompletionQueue,
    deadline: ContinuousClock.Instant?
  ) {
    let remaining = deadline.map { (ContinuousClock.now.duration(to: $0)).clampedNanoseconds }
    var path = path
    unsafe core = path.withUTF8 { path in
      unsafe cgrpc_client_call_create(
        channel, queue.core, cgrpc_bytes(start: path.baseAddress, length: path.count),
        remaining ?? Int64.max)
    }
  }

  deinit { unsafe cgrpc_client_call_free(core) }

  func add(_ metadata: Metadata) throws(RPCError) {
    for element in metadata.elements {
      var key = element.key
      let isLegal = key.withUTF8 { key in
        unsafe element.value.withUnsafeBufferPointer { value in
          unsafe cgrpc_client_call_add_metadata(
            core, cgrpc_bytes(start: key.baseAddress, length: key.count),
            cgrpc_bytes(start: value.baseAddress, length: value.count))
        }
      }
      guard isLegal else {
        throw RPCError(
          .invalidArgument, "metadata '\(element.key)': the key or its value is not legal")
      }
    }
  }

  /// Sends the request and waits for the call's end. The queue's event is the only thing that ends
  /// the wait: a cancelled task cancels the call, and that completes it.
  func perform(_ request: borrowing Slice) async throws(RPCError) -> Slice {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        waiter.withLock { $0 = continuation }
        let owner = unsafe Unmanaged.passRetained(self)
        let started = unsafe request.withCoreSlice { message in
          unsafe cgrpc_client_call_start(core, message, owner.toOpaque())
        }
        precondition(started, "the core refuses to start a call that was just made")
      }
    } onCancel: {
      unsafe cgrpc_client_call_cancel(core)
    }
    return try result()
  }

  /// The queue's thread: the operation has completed.
  func finished() {
    waiter.withLock { $0.take() }?.resume()
  }

  private func result() throws(RPCError) -> Slice {
    var details = unsafe cgrpc_bytes()
    let status = unsafe cgrpc_client_call_status(core, &details)
    guard status == StatusCode.ok.rawValue else {
      // A code that nobody knows is UNKNOWN, says the protocol.
      throw RPCError(
        StatusCode(rawValue: status) ?? .unknown, unsafe String(decoding: details))
    }
    var message = cgrpc_slice()
    guard unsafe cgrpc_client_call_take_message(core, &message) else {
      throw RPCError(.internal, "the server answered OK without a message")
    }
    return Slice(message)
  }
}

extension Duration {
  /// Within three centuries, which is as good as for ever.
  fileprivate var clampedNanoseconds: Int64 {
    let limit: Int64 = 9_000_000_000
    let (seconds, attoseconds) = components
    if seconds >= limit { return .max }
    if seconds <= -limit { return -limit * 1_000_000_000 }
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }
}

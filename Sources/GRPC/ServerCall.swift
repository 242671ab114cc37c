internal import CGRPC

/// One armed accept, then the call that it accepted.
///
/// Every operation under way holds a reference, so the C storage that the core writes into lives
/// until the last of them has completed. The core cancels a call that is freed before it was both
/// answered and closed.
//
// Sendable: `method` and `isAdmitted` are written on the queue's thread before the task that reads
// them is created, `remainingEvents` is used on the queue's thread only, and of the core's call the
// handler's task uses only what is not in use by a pending operation.
@safe final class ServerCall: @unchecked Sendable {
  private let core: OpaquePointer
  private let acceptor: Acceptor
  private let cancellation = Cancellation()
  /// What will answer it; nil until it is accepted and when it was rejected.
  var method: Method?
  /// Whether it counts among the calls in flight.
  var isAdmitted = false
  /// Closed and answered.
  private var remainingEvents = 2

  init(acceptor: Acceptor) {
    self.acceptor = acceptor
    unsafe core = cgrpc_call_create()
  }

  deinit { unsafe cgrpc_call_free(core) }

  private func retainedOwner() -> Unmanaged<ServerCall> { unsafe Unmanaged.passRetained(self) }

  // MARK: Operations

  /// Arms it; false when the server takes no more.
  func accept(from server: CoreServer) -> Bool {
    let owner = unsafe retainedOwner()
    if unsafe cgrpc_server_accept(server.pointer, core, owner.toOpaque()) { return true }
    unsafe owner.release()
    return false
  }

  /// The only signal that the caller has gone.
  func watchClose() {
    let started = unsafe cgrpc_call_watch_close(core, retainedOwner().toOpaque())
    precondition(started, "the core refuses to watch a call that it has just handed out")
  }

  func receive() {
    let started = unsafe cgrpc_call_receive(core, retainedOwner().toOpaque())
    precondition(started, "the core refuses to receive on a call that it has just handed out")
  }

  /// The request, once; nil when the caller closed its side without sending one.
  func takeRequest() -> Slice? {
    var message = cgrpc_slice()
    guard unsafe cgrpc_call_take_message(core, &message) else { return nil }
    return Slice(message)
  }

  func answer(_ response: borrowing Slice) {
    unsafe response.withCoreSlice { message in
      unsafe answer(.ok, "", message: message)
    }
  }

  func answer(_ error: RPCError) {
    let code = error.code == .ok ? .unknown : error.code
    unsafe answer(code, error.wireMessage, message: nil)
  }

  private func answer(
    _ code: StatusCode, _ text: String, message: UnsafePointer<cgrpc_slice>?
  ) {
    var text = text
    let started = text.withUTF8 { text in
      unsafe cgrpc_call_answer(
        core, code.rawValue, cgrpc_bytes(start: text.baseAddress, length: text.count), message,
        retainedOwner().toOpaque())
    }
    precondition(started, "a call was answered twice")
  }

  // MARK: Events, on the queue's thread

  func accepted(_ success: Bool) { acceptor.accepted(self, success) }

  func received() { acceptor.received(self) }

  func closed() {
    if unsafe cgrpc_call_was_cancelled(core) { cancellation.cancel() }
    eventCame()
  }

  func answered() { eventCame() }

  private func eventCame() {
    remainingEvents -= 1
    if remainingEvents == 0 { acceptor.finished(self) }
  }

  // MARK: What the caller said

  var path: String { unsafe String(decoding: cgrpc_call_path(core)) }

  func context(for method: Method) -> ServerContext {
    ServerContext(
      method: method.path, deadline: deadline, metadata: metadata, cancellation: cancellation)
  }

  private var deadline: ContinuousClock.Instant? {
    let remaining = unsafe cgrpc_call_remaining(core)
    return remaining == Int64.max ? nil : .now + .nanoseconds(remaining)
  }

  private var metadata: Metadata {
    var metadata = Metadata()
    let count = unsafe cgrpc_call_metadata_count(core)
    for index in 0..<count {
      var key = unsafe cgrpc_bytes()
      var value = unsafe cgrpc_bytes()
      unsafe cgrpc_call_metadata_at(core, index, &key, &value)
      metadata.elements.append(
        Metadata.Element(
          key: unsafe String(decoding: key),
          value: unsafe Array(UnsafeBufferPointer(start: value.start, count: value.length))))
    }
    return metadata
  }
}

extension String {
  /// Copies; what is not UTF-8 is replaced.
  init(decoding bytes: cgrpc_bytes) {
    let bytes = unsafe UnsafeBufferPointer(start: bytes.start, count: bytes.length)
    self = unsafe String(decoding: bytes, as: UTF8.self)
  }
}

internal import CGRPC

/// Accepts calls, has them answered, and knows when the last one is over.
///
/// It lives on the completion queue's thread: events change its state without a lock, and a handler
/// that is known to be cheap starts right there.
actor Acceptor {
  /// Accepts that wait for calls. One that is used is armed again before its call is looked at.
  private static let armedAccepts = 16

  private nonisolated let server: CoreServer
  private nonisolated let queue: CompletionQueue
  private nonisolated let methods: [String: Method]
  private nonisolated let maximumCallsInFlight: Int

  private var armed = 0
  /// Accepted and not both answered and closed; those that were rejected included.
  private var open = 0
  private var inFlight = 0
  private var ready: [ServerCall] = []
  private var shutdown = Shutdown.none
  private var isServerStopped = false

  private var somethingHappened = false
  private var waiter: CheckedContinuation<Void, Never>?

  /// How far a graceful shutdown has got.
  private enum Shutdown {
    case none, requested, waitingForCalls, graceOver, cancelledCalls
  }

  nonisolated var unownedExecutor: UnownedSerialExecutor {
    unsafe queue.asUnownedSerialExecutor()
  }

  init(
    _ server: CoreServer, on queue: CompletionQueue, methods: [String: Method],
    maximumCallsInFlight: Int
  ) {
    self.server = server
    self.queue = queue
    self.methods = methods
    self.maximumCallsInFlight = maximumCallsInFlight
  }

  /// Serves until `drain()`, and then until every call is answered and every handler has returned.
  func serve(grace: Duration) async {
    // The core crashes when a server is started that has been shut down.
    if shutdown == .none {
      unsafe cgrpc_server_start(server.pointer)
      for _ in 0..<Self.armedAccepts { arm() }
    }
    await withDiscardingTaskGroup { group in
      while !isOver {
        for call in takeReady() {
          guard let method = call.method else { continue }
          if method.runsImmediately {
            group.addImmediateTask { await Self.answer(call, with: method) }
          } else {
            // The queue's thread, which this task prefers, is for those that said so.
            group.addTask(executorPreference: globalConcurrentExecutor) {
              await Self.answer(call, with: method)
            }
          }
        }
        if shutdown == .requested {
          shutdown = .waitingForCalls
          group.addTask {
            try? await Task.sleep(for: grace)
            await self.endGrace()
          }
        } else if shutdown == .graceOver {
          shutdown = .cancelledCalls
          unsafe cgrpc_server_cancel_all(server.pointer)
          // The process is ending: what a handler still waits for is not worth waiting for.
          group.cancelAll()
        }
        await nextEvent()
      }
      group.cancelAll()
    }
  }

  private static func answer(_ call: ServerCall, with method: Method) async {
    guard let request = call.takeRequest() else {
      return call.answer(RPCError(.internal, "\(method.path): the call carried no request message"))
    }
    do throws(RPCError) {
      call.answer(try await method.handler(request, call.context(for: method)))
    } catch {
      call.answer(error)
    }
  }

  // MARK: State

  /// Nothing will come any more: no call, no accept, no connection.
  private var isOver: Bool { shutdown != .none && isServerStopped && armed == 0 && open == 0 }

  private func arm() {
    if ServerCall(acceptor: self).accept(from: server) { armed += 1 }
  }

  private func takeReady() -> [ServerCall] {
    defer { ready.removeAll() }
    return ready
  }

  private func nextEvent() async {
    if !somethingHappened { await withCheckedContinuation { waiter = $0 } }
    somethingHappened = false
  }

  private func wake() {
    somethingHappened = true
    waiter.take()?.resume()
  }

  private func endGrace() {
    if shutdown == .waitingForCalls { shutdown = .graceOver }
    wake()
  }

  private func admit(_ call: ServerCall) {
    open += 1
    call.watchClose()
    let path = call.path
    guard let method = methods[path] else {
      return call.answer(RPCError(.unimplemented, "no method \(path.prefix(256))"))
    }
    guard inFlight < maximumCallsInFlight else {
      return call.answer(
        RPCError(
          .resourceExhausted,
          "\(path): \(inFlight) calls are in flight already; try again when some have ended"))
    }
    inFlight += 1
    call.isAdmitted = true
    call.method = method
    call.receive()
  }

  // MARK: Events, on the queue's thread

  nonisolated func accepted(_ call: ServerCall, _ success: Bool) {
    assumeIsolated { acceptor in
      acceptor.armed -= 1
      if success {
        if acceptor.shutdown == .none { acceptor.arm() }
        acceptor.admit(call)
      } else {
        acceptor.wake()
      }
    }
  }

  nonisolated func received(_ call: ServerCall) {
    assumeIsolated { acceptor in
      acceptor.ready.append(call)
      acceptor.wake()
    }
  }

  nonisolated func finished(_ call: ServerCall) {
    assumeIsolated { acceptor in
      acceptor.open -= 1
      if call.isAdmitted { acceptor.inFlight -= 1 }
      if acceptor.shutdown != .none { acceptor.wake() }
    }
  }

  nonisolated func drain() {
    assumeIsolated { acceptor in
      guard acceptor.shutdown == .none else { return }
      acceptor.shutdown = .requested
      let owner = unsafe Unmanaged.passRetained(acceptor)
      unsafe cgrpc_server_shut_down(acceptor.server.pointer, owner.toOpaque())
      acceptor.wake()
    }
  }

  nonisolated func serverStopped() {
    assumeIsolated { acceptor in
      acceptor.isServerStopped = true
      acceptor.wake()
    }
  }
}

/// The core's server.
//
// Sendable: the core's server functions are thread-safe; `Server` decides when it is destroyed.
@safe struct CoreServer: @unchecked Sendable {
  let pointer: OpaquePointer
}

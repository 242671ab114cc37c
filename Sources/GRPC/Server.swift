internal import CGRPC
internal import Synchronization

/// A server for unary methods.
///
/// One thread does its I/O; handlers run on Swift's pool, each in a child task of `run()`.
public final class Server: Sendable {
  /// What a server is made of besides its methods.
  public struct Configuration: Sendable {
    /// Where it listens.
    public var address: Address
    /// Bytes. A larger request is answered RESOURCE_EXHAUSTED by the core.
    public var maximumMessageSize = 4 << 20
    /// Calls beyond this many in flight are answered RESOURCE_EXHAUSTED.
    public var maximumCallsInFlight = 512
    /// How long a graceful shutdown lets calls in flight finish before it cancels them.
    public var shutdownGrace: Duration = .seconds(2)

    /// The defaults at this address.
    public init(address: Address) { self.address = address }
  }

  private let configuration: Configuration
  private let core: CoreServer
  private let queue: CompletionQueue
  private let acceptor: Acceptor
  private let socketFile: SocketFile?
  private let boundPort: UInt16
  private let phase = Mutex(Phase.bound)

  private enum Phase {
    case bound, running, draining, ended
    /// `shutDown()` came before `run()`.
    case drainingAtOnce
  }

  /// Binds and listens, so that callers may connect already; `run()` accepts them.
  ///
  /// At a unix socket's path, a socket that nobody listens on is replaced; a live server, and
  /// anything that is not a socket, is refused. The file's mode is 0600.
  public init(_ configuration: Configuration, methods: [Method]) throws(ServerError) {
    var table: [String: Method] = [:]
    for method in methods {
      guard table.updateValue(method, forKey: method.path) == nil else {
        throw ServerError("\(configuration.address): two methods have the path \(method.path)")
      }
    }
    let socketFile: SocketFile?
    let target: String
    switch configuration.address {
    case .unix(let path):
      let file = try SocketFile(path)
      socketFile = file
      target = file.bindTarget
    case .tcp:
      socketFile = nil
      target = configuration.address.coreTarget
    }
    let queue = CompletionQueue()
    let core = unsafe CoreServer(
      pointer: cgrpc_server_create(
        queue.core, Int32(clamping: configuration.maximumMessageSize),
        // Some more than are let in: a call too many gets an answer instead of waiting at the peer.
        Int32(clamping: min(configuration.maximumCallsInFlight, 1 << 20) + 128)))
    let port = unsafe cgrpc_server_listen(core.pointer, target)
    do throws(ServerError) {
      guard port != 0 else {
        throw ServerError(
          "listen at \(configuration.address): the address is in use or cannot be bound; "
            + "the line above from the gRPC core has the system's reason")
      }
      try socketFile?.publish()
    } catch {
      Self.destroyUnused(core, queue)
      socketFile?.withdraw()
      throw error
    }
    self.configuration = configuration
    self.socketFile = socketFile
    self.queue = queue
    self.core = core
    boundPort = UInt16(clamping: port)
    acceptor = Acceptor(
      core, on: queue, methods: table, maximumCallsInFlight: configuration.maximumCallsInFlight)
  }

  deinit {
    guard phase.withLock({ $0 != .ended }) else { return }
    Self.destroyUnused(core, queue)
    socketFile?.withdraw()
  }

  /// The bound TCP port; nil on a unix socket.
  public var port: UInt16? { socketFile == nil ? boundPort : nil }

  /// Serves until `shutDown()`; returns when every call has been answered, every handler has
  /// returned, and every thread is joined. Once per server.
  ///
  /// Cancellation begins the same shutdown. It also cancels the handlers' tasks at once, as
  /// structured concurrency has it: who wants the grace to mean something calls `shutDown()`.
  public func run() async {
    let isFirst = phase.withLock { phase in
      switch phase {
      case .bound: phase = .running
      case .drainingAtOnce: phase = .draining
      case .running, .draining, .ended: return false
      }
      return true
    }
    precondition(isFirst, "a server runs once")
    queue.start()
    if phase.withLock({ $0 == .draining }) { postDrain() }
    await withTaskCancellationHandler {
      // With a preference for the queue's thread, or a task that has started others immediately
      // resumes on the pool and comes from there: two changes of thread for each request.
      await withTaskExecutorPreference(queue) {
        await acceptor.serve(grace: configuration.shutdownGrace)
      }
    } onCancel: {
      shutDown()
    }
    // In this order: the core aborts when a server or a queue goes before what depends on it.
    unsafe cgrpc_server_destroy(core.pointer)
    await queue.stop()
    phase.withLock { $0 = .ended }
    socketFile?.withdraw()
  }

  /// Begins the graceful shutdown: no new calls; those in flight may finish within the grace, then
  /// they and their handlers' tasks are cancelled. `run()` returns when it is over.
  ///
  /// Safe from any thread, any number of times, also before `run()`.
  public func shutDown() {
    // Posted under the lock: after `running` the queue may end at any time.
    phase.withLock { phase in
      switch phase {
      case .bound: phase = .drainingAtOnce
      case .running:
        phase = .draining
        postDrain()
      case .draining, .drainingAtOnce, .ended: break
      }
    }
  }

  private func postDrain() {
    unsafe cgrpc_queue_post(queue.core, Unmanaged.passRetained(acceptor).toOpaque())
  }

  /// For a server whose queue has no thread.
  private static func destroyUnused(_ core: CoreServer, _ queue: CompletionQueue) {
    unsafe cgrpc_server_shut_down(core.pointer, nil)
    queue.pollInline(until: CGRPC_SERVER_STOPPED)
    unsafe cgrpc_server_destroy(core.pointer)
    unsafe cgrpc_queue_shut_down(queue.core)
    queue.pollInline(until: CGRPC_QUEUE_DRAINED)
    unsafe cgrpc_queue_destroy(queue.core)
  }
}

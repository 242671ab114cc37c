import MetricsEndpoint
import NIOCore
import NIOPosix
import Synchronization

/// What a test's endpoint answers.
struct Closures: Sendable {
  var metrics: @Sendable () async -> String = { "a 1\n" }
  var healthz: MetricsEndpoint.HealthCheck = { nil }
  var readyz: MetricsEndpoint.HealthCheck = { nil }
}

/// An endpoint on a free port, and when it listens.
func makeEndpoint(
  _ closures: Closures = Closures(),
  configure: (inout MetricsEndpoint.Configuration) -> Void = { _ in }
) -> (endpoint: MetricsEndpoint, ports: AsyncStream<Int>) {
  var configuration = MetricsEndpoint.Configuration(port: 0)
  // Long enough for a busy machine; the tests of deadlines set their own.
  configuration.healthDeadline = .seconds(20)
  configuration.metricsDeadline = .seconds(20)
  configure(&configuration)
  let (ports, listening) = AsyncStream.makeStream(of: Int.self)
  let endpoint = MetricsEndpoint(
    configuration, metrics: closures.metrics, healthz: closures.healthz, readyz: closures.readyz,
    whenListening: { listening.yield($0) })
  return (endpoint, ports)
}

/// Runs an endpoint around the body, then cancels it and waits for its end.
func withEndpoint(
  _ closures: Closures = Closures(),
  configure: (inout MetricsEndpoint.Configuration) -> Void = { _ in },
  _ body: (_ port: Int) async throws -> Void
) async throws {
  let (endpoint, ports) = makeEndpoint(closures, configure: configure)
  try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask { try await endpoint.run() }
    for await port in ports.prefix(1) { try await body(port) }
    group.cancelAll()
    try await group.waitForAll()
  }
}

/// A TCP connection that collects what comes until the peer closes it.
struct Peer: Sendable {
  private let channel: any Channel
  private let received: EventLoopFuture<String>

  /// One that does not read leaves what comes in the kernel's buffers.
  init(port: Int, reads: Bool = true) async throws {
    let group = MultiThreadedEventLoopGroup.singleton
    let loop = group.next()
    let promise = loop.makePromise(of: String.self)
    received = promise.futureResult
    var bootstrap = ClientBootstrap(group: loop)
      .channelOption(.autoRead, value: reads)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Collector(promise))
        }
      }
    if !reads { bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: 4096) }
    do {
      channel = try await bootstrap.connect(host: "127.0.0.1", port: port).get()
    } catch {
      promise.succeed("")
      throw error
    }
  }

  func send(_ text: String) async throws {
    try await channel.writeAndFlush(ByteBuffer(string: text)).get()
  }

  /// Everything that came, once the connection is closed.
  func receive() async throws -> String { try await received.get() }

  func close() async { try? await channel.close().get() }

  /// The answer to one request.
  static func ask(_ port: Int, _ request: String) async throws -> String {
    let peer = try await Peer(port: port)
    try await peer.send(request)
    return try await peer.receive()
  }

  static func get(_ port: Int, _ path: String) async throws -> String {
    try await ask(port, "GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
  }

  private final class Collector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let promise: EventLoopPromise<String>
    private var bytes = ByteBuffer()

    init(_ promise: EventLoopPromise<String>) { self.promise = promise }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      var buffer = unwrapInboundIn(data)
      bytes.writeBuffer(&buffer)
    }

    func channelInactive(context: ChannelHandlerContext) {
      promise.succeed(String(buffer: bytes))
    }

    // A reset is an end as well.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      context.close(promise: nil)
    }
  }
}

/// Holds closures up, whether or not they are cancelled.
final class Gate: Sendable {
  private let state = Mutex((isOpen: false, waiting: [CheckedContinuation<Void, Never>]()))
  private let entries = Atomic<Int>(0)

  var entered: Int { entries.load(ordering: .relaxed) }

  func pass() async {
    entries.add(1, ordering: .relaxed)
    await withCheckedContinuation { continuation in
      let isOpen = state.withLock { state in
        if !state.isOpen { state.waiting.append(continuation) }
        return state.isOpen
      }
      if isOpen { continuation.resume() }
    }
  }

  func open() {
    let waiting = state.withLock { state in
      state.isOpen = true
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }
}

/// Until the condition holds; false after twenty seconds.
func eventually(_ condition: () async throws -> Bool) async rethrows -> Bool {
  let deadline = ContinuousClock.now.advanced(by: .seconds(20))
  while ContinuousClock.now < deadline {
    if try await condition() { return true }
    try? await Task.sleep(for: .milliseconds(5))
  }
  return false
}

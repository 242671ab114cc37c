internal import Metrics
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
public import ServiceLifecycle

/// An HTTP server for `/metrics`, `/healthz` and `/readyz`.
///
/// One thread does its I/O. A connection carries one request and is closed after the answer.
/// Whatever a peer does, connections, their memory and their time are bounded; whatever a closure
/// does, its answer comes at the deadline: 503 when the closure has not returned by then.
public final class MetricsEndpoint: Service {
  /// Where it listens and what bounds it.
  public struct Configuration: Sendable {
    /// The address or name to bind. By default only this machine can ask.
    public var host = "127.0.0.1"
    /// The TCP port; 0 for any free one.
    public var port: Int
    /// Connections beyond these are closed at once.
    public var maximumConnections = 64
    /// How long a peer may take to send its request, and again to take the answer.
    public var peerTimeout: Duration = .seconds(10)
    /// Bytes that a peer may send.
    public var maximumRequestSize = 16 << 10
    /// How long a scrape may take.
    public var metricsDeadline: Duration = .seconds(5)
    /// How long a health check may take. Kubernetes' probes wait for one second by default.
    public var healthDeadline: Duration = .milliseconds(900)
    /// How long a graceful shutdown lets answers reach their peers.
    public var shutdownGrace: Duration = .seconds(2)

    /// The defaults at this port.
    public init(port: Int) { self.port = port }
  }

  /// Tells what is wrong; nil when all is well. It must not block its thread.
  public typealias HealthCheck = @Sendable () async -> String?

  private let configuration: Configuration
  private let responder: Responder
  private let whenListening: @Sendable (_ port: Int) -> Void

  /// An endpoint that `run()` serves.
  ///
  /// - Parameters:
  ///   - metrics: The text for Prometheus, such as a registry's.
  ///   - healthz: Whether the process is alive; no more than that, for kubelet restarts it if not.
  ///   - readyz: Whether it can serve now.
  ///   - whenListening: Called once connections are accepted.
  public init(
    _ configuration: Configuration, metrics: @escaping @Sendable () async -> String,
    healthz: @escaping HealthCheck = { nil }, readyz: @escaping HealthCheck,
    whenListening: @escaping @Sendable (_ port: Int) -> Void = { _ in }
  ) {
    self.configuration = configuration
    self.whenListening = whenListening
    responder = Responder(
      configuration, metrics: SharedCall(metrics), healthz: SharedCall(healthz),
      readyz: SharedCall(readyz))
  }

  /// Listens and serves until the graceful shutdown or cancellation.
  ///
  /// The graceful shutdown closes the port at once and lets answers under way reach their peers
  /// within the grace. Fails when the address cannot be bound.
  public func run() async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    do {
      try await serve(on: group.next())
    } catch {
      // What made it fail says more than what this may say.
      try? await group.shutdownGracefully()
      throw error
    }
    try await group.shutdownGracefully()
  }

  private func serve(on loop: any EventLoop) async throws {
    let connections = Connections(limit: configuration.maximumConnections)
    // Each connection asks once, so there are never more in the stream than connections.
    let (requests, queue) = AsyncStream.makeStream(of: Request.self)
    let server = try await bind(on: loop, connections, queue)
    server.closeFuture.whenComplete { _ in queue.finish() }
    if let port = server.localAddress?.port { whenListening(port) }
    let grace = TimeAmount(configuration.shutdownGrace)
    let shutDown: @Sendable () -> Void = {
      server.close(promise: nil)
      loop.scheduleTask(in: grace) { connections.closeAll() }
    }
    await withTaskCancellationHandler {
      await withGracefulShutdownHandler {
        await withDiscardingTaskGroup { group in
          for await request in requests {
            group.addTask {
              let answer = await self.responder.answer(to: request)
              // A peer that went away is no loss.
              try? await request.channel.writeAndFlush(answer).get()
            }
          }
        }
      } onGracefulShutdown: {
        shutDown()
      }
    } onCancel: {
      shutDown()
    }
    connections.closeAll()
  }

  private func bind(
    on loop: any EventLoop, _ connections: Connections,
    _ queue: AsyncStream<Request>.Continuation
  ) async throws -> any Channel {
    let timeout = TimeAmount(configuration.peerTimeout)
    let maximumRequestSize = configuration.maximumRequestSize
    let bootstrap = ServerBootstrap(group: loop)
      .serverChannelOption(.backlog, value: 64)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          // A failure closes the connection.
          try connections.add(channel)
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(SizeLimit(maximumRequestSize))
          try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: false)
          try pipeline.addHandler(ConnectionHandler(timeout: timeout, requests: queue))
        }
      }
    do {
      return try await bootstrap.bind(host: configuration.host, port: configuration.port).get()
    } catch {
      throw MetricsEndpointError(
        "listen at \(configuration.host), port \(configuration.port): \(error)")
    }
  }
}

/// Why an endpoint cannot listen.
public struct MetricsEndpointError: Error, Sendable, CustomStringConvertible {
  /// What failed, for people.
  public let description: String

  init(_ description: String) { self.description = description }
}

/// gRPC status codes, https://grpc.github.io/grpc/core/md_doc_statuscodes.html
public enum StatusCode: Int32, Hashable, Sendable, CaseIterable {
  case ok = 0
  case cancelled, unknown, invalidArgument, deadlineExceeded, notFound, alreadyExists
  case permissionDenied, resourceExhausted, failedPrecondition, aborted, outOfRange
  case unimplemented, `internal`, unavailable, dataLoss, unauthenticated
}

/// A call's failure: what the peer gets to see.
public struct RPCError: Error, Hashable, Sendable, CustomStringConvertible {
  public let code: StatusCode
  public let message: String
  public init(_ code: StatusCode, _ message: String) {
    self.code = code
    self.message = message
  }
  public var description: String { "\(code): \(message)" }
}

/// ASCII metadata in order; keys lower case.
public struct Metadata: Hashable, Sendable {
  public var elements: [Element] = []
  public struct Element: Hashable, Sendable {
    public let key: String
    public let value: [UInt8]
    public init(key: String, value: [UInt8]) {
      self.key = key
      self.value = value
    }
  }
  public init() {}
}

/// Bytes owned by the C core: one message.
public struct Slice: ~Copyable, @unchecked Sendable {
  public init(size: Int, initializing: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
    fatalError()
  }
  public borrowing func withUnsafeBytes<R: ~Copyable, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R { fatalError() }
}

/// What a handler may know of its call.
public struct ServerContext: Sendable {
  /// `/csi.v1.Node/NodeStageVolume`
  public let method: String
  /// nil: the caller waits for ever.
  public let deadline: ContinuousClock.Instant?
  public let metadata: Metadata
  /// The caller has gone away or its deadline has passed. The handler is not interrupted: it looks between steps.
  public var isCancelled: Bool { fatalError() }
}

/// A unary method: its path and what answers it.
public struct Method: Sendable {
  public typealias Handler =
    @Sendable (_ request: borrowing Slice, _ context: ServerContext) async throws(RPCError) -> Slice
  public let path: String
  public let handler: Handler
  public init(_ path: String, handler: @escaping Handler) {
    self.path = path
    self.handler = handler
  }
}

public enum Address: Hashable, Sendable {
  case unix(path: String)
  case tcp(host: String, port: UInt16)
  /// `unix:///csi/csi.sock`, `unix:/csi/csi.sock`, `/csi/csi.sock`, `tcp://127.0.0.1:10000`
  public init(_ endpoint: String) throws(AddressError) { fatalError() }
}

public struct AddressError: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}

public struct ServerError: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}

/// A server for unary methods.
public final class Server: Sendable {
  public struct Configuration: Sendable {
    public var address: Address
    /// bytes
    public var maximumMessageSize = 4 << 20
    /// Calls beyond this many in flight are answered RESOURCE_EXHAUSTED.
    public var maximumCallsInFlight = 512
    /// How long a graceful shutdown lets calls in flight finish before it cancels them.
    public var shutdownGrace: Duration = .seconds(2)
    public init(address: Address) { self.address = address }
  }
  /// Binds; refuses a unix socket path on which a live server listens.
  public init(_ configuration: Configuration, methods: [Method]) throws(ServerError) {
    fatalError()
  }
  /// The bound TCP port.
  public var port: UInt16? { fatalError() }
  /// Serves until `shutDown()` or cancellation; returns when every call has been answered and every thread joined.
  public func run() async { fatalError() }
  /// Begins the graceful shutdown; `run()` returns when it is over. Safe from any thread, any number of times.
  public func shutDown() { fatalError() }
}

/// A client for unary calls over one channel.
public final class Client: Sendable {
  /// Connects lazily; closed and its threads joined before this returns.
  public static func with<R: Sendable>(
    _ address: Address, maximumMessageSize: Int = 4 << 20,
    _ body: (Client) async throws -> R
  ) async throws -> R { fatalError() }
  /// Cancelling the task cancels the call.
  public func call(
    _ path: String, _ request: consuming Slice, deadline: ContinuousClock.Instant? = nil,
    metadata: Metadata = Metadata()
  ) async throws(RPCError) -> Slice { fatalError() }
}

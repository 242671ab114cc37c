internal import Synchronization

/// What a handler may know of its call.
public struct ServerContext: Sendable {
  /// `/csi.v1.Node/NodeStageVolume`
  public let method: String
  /// nil: the caller waits for ever.
  public let deadline: ContinuousClock.Instant?
  /// What the caller said beside its request.
  public let metadata: Metadata
  private let cancellation: Cancellation

  /// A context as the server makes them; tests and interceptors may make their own.
  public init(
    method: String, deadline: ContinuousClock.Instant? = nil, metadata: Metadata = Metadata(),
    cancellation: Cancellation = Cancellation()
  ) {
    self.method = method
    self.deadline = deadline
    self.metadata = metadata
    self.cancellation = cancellation
  }

  /// The caller has gone away or its deadline has passed.
  ///
  /// The handler's task is not cancelled: half a mkfs is worse than a whole one that nobody waits
  /// for. A handler looks between its steps, and the caller's retry finds each step done or not.
  public var isCancelled: Bool { cancellation.isCancelled }
}

/// Whether a call's caller is still there; set once, readable from anywhere.
public final class Cancellation: Sendable {
  private let flag = Atomic(false)

  /// A caller that is there.
  public init() {}

  /// True from the first `cancel()` on.
  public var isCancelled: Bool { flag.load(ordering: .acquiring) }

  /// The caller has gone.
  public func cancel() { flag.store(true, ordering: .releasing) }
}

/// How the kernel is to keep a connection.
public struct ConnectOptions: Hashable, Sendable {
  /// Seconds until the kernel gives a lost controller up; -1: never.
  public var ctrlLossTimeout = -1
  /// Seconds between the kernel's attempts to reconnect.
  public var reconnectDelay = 2
  /// Seconds of the NVMe keep-alive timer; nil: the kernel's default.
  public var keepAliveTimeout: Int?
  /// I/O queues per controller; nil: the kernel's default.
  public var ioQueues: Int?
  /// Seconds until I/O of a lost controller fails; nil: never, it waits.
  public var fastIOFailTimeout: Int?
  /// Source address.
  public var hostAddress: String?
  /// Network interface.
  public var hostInterface: String?

  /// The defaults.
  public init() {}
}

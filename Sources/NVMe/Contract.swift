public import Command
public import Linux

/// An NVMe Qualified Name (NVMe Base Specification 2.0, 4.5): `nqn.yyyy-mm.reverse.domain[:string]`, at most 223 bytes.
public struct NQN: Hashable, Sendable, CustomStringConvertible {
  public let rawValue: String
  public struct Invalid: Error, Hashable, Sendable, CustomStringConvertible {
    public let reason: String
    public var description: String { reason }
  }
  public init(_ text: String) throws(Invalid) { fatalError() }
  public var description: String { rawValue }
}

/// 128 bits as RFC 9562 prints them: namespace UUID, host id. (NGUID has its own 32 hex digits form.)
public struct UUID: Hashable, Sendable, CustomStringConvertible {
  public init?(_ text: String) { fatalError() }
  /// RFC 9562 §5.5, SHA-1 name based.
  public init(namespace: UUID, name: String) { fatalError() }
  public var description: String { fatalError() }
}

/// 16 bytes as sysfs's `nguid` prints them; parsed with or without dashes.
public struct NGUID: Hashable, Sendable, CustomStringConvertible {
  public init?(_ text: String) { fatalError() }
  public var description: String { fatalError() }
}

/// The driver's own host NQN and host ID for a node: UUIDv5 of a fixed namespace and the node id.
public struct HostIdentity: Hashable, Sendable {
  public let nqn: NQN
  public let id: UUID
  public init(nodeID: String) { fatalError() }
}

public enum Transport: String, Hashable, Sendable, CaseIterable {
  case tcp, rdma, loop
}

/// One portal of a subsystem: `192.0.2.1:4420`, `[2001:db8::1]:4420`.
public struct TransportAddress: Hashable, Sendable, CustomStringConvertible {
  public let transport: Transport
  public let address: String
  public let service: String
  public struct Invalid: Error, Hashable, Sendable, CustomStringConvertible {
    public let reason: String
    public var description: String { reason }
  }
  /// Numeric IPv4 or bracketed IPv6 and a port; names are refused (the kernel takes none).
  public init(_ portal: String, transport: Transport) throws(Invalid) { fatalError() }
  public var description: String { fatalError() }
}

/// A controller as sysfs shows it.
public struct Controller: Hashable, Sendable {
  public enum State: String, Hashable, Sendable {
    case new, live, resetting, connecting, deleting, deletingNoIO = "deleting (no IO)", dead,
      unknown
  }
  public let name: String
  public let state: State
  public let transport: String
  /// The `address` attribute's parts: traddr, trsvcid, src_addr, host_traddr, host_iface.
  public let address: [String: String]
  public let subsystemNQN: String
  public let hostNQN: String
  public let hostID: String
  /// nil when the kernel says "off": never give up.
  public let ctrlLossTimeout: Int?
}

/// A namespace's head disk (or, without native multipath, its only disk).
public struct Namespace: Hashable, Sendable {
  /// `nvme0n1`
  public let name: String
  public let nsid: UInt32
  public let uuid: UUID?
  public let nguid: NGUID?
  public let wwid: String
  public let device: DeviceNumber
  /// Bytes. 0 while the kernel has not read it yet.
  public let size: UInt64
  /// Tells two lives of one device number apart.
  public let diskSequence: UInt64?
  public let holders: [String]
}

/// A subsystem as this host sees it.
public struct Subsystem: Hashable, Sendable {
  /// `nvme-subsys0`
  public let name: String
  public let nqn: String
  public let controllers: [Controller]
  public let namespaces: [Namespace]
}

/// Reads NVMe state from sysfs. Every call reads anew.
public struct NVMeSysfs: Sendable {
  public let root: String
  public init(root: String = "/sys") { self.root = root }
  public func subsystems() throws(SystemCallError) -> [Subsystem] { fatalError() }
  public func subsystem(nqn: NQN) throws(SystemCallError) -> [Subsystem] { fatalError() }
  /// The namespace behind a device number, from /sys/dev/block/M:m.
  public func namespace(device: DeviceNumber) throws(SystemCallError) -> Namespace? { fatalError() }
  /// Asks a live controller to scan for changed namespaces.
  public func rescan(_ controller: Controller) throws(SystemCallError) { fatalError() }
  /// seconds; nil = never give up (-1).
  public func setCtrlLossTimeout(_ seconds: Int?, of controller: Controller) throws(SystemCallError)
  { fatalError() }
  /// Lets queued I/O of the controller fail after `seconds`.
  public func setFastIOFailTimeout(
    _ seconds: Int, of controller: Controller
  )
    throws(SystemCallError)
  { fatalError() }
}

/// How to connect: design.md's parameters.
public struct ConnectOptions: Hashable, Sendable {
  public var ctrlLossTimeout: Int = -1
  public var reconnectDelay: Int = 2
  public var keepAliveTimeout: Int?
  public var ioQueues: Int?
  public var fastIOFailTimeout: Int?
  public var hostAddress: String?
  public var hostInterface: String?
  public init() {}
}

public struct FabricsError: Error, Sendable, CustomStringConvertible {
  public enum Code: Hashable, Sendable {
    case refused, unreachable, timedOut, unknownSubsystem, hostNotAllowed, authentication
    case noKernelModule, noNVMeCLI, identityConflict, invalidArgument, notOurs, stillPresent, busy
    case other
  }
  public let code: Code
  public let message: String
  public var description: String { message }
  public init(code: Code, message: String) {
    self.code = code
    self.message = message
  }
}

/// `nvme connect` and `disconnect` through nvme-cli; the truth is read from sysfs before and after.
public struct Fabrics: Sendable {
  public init(
    sysfs: NVMeSysfs, runner: any CommandRunner, kernelLog: String = "/dev/kmsg",
    fabricsDevice: String = "/dev/nvme-fabrics"
  ) { fatalError() }
  /// Makes sure that this host has a controller to `nqn` at `address`. Already connected (live or reconnecting) with our identity is success; with another host identity it is `notOurs`.
  /// Returns the controller as sysfs shows it after ctrl_loss_tmo was read back and corrected.
  public func connect(
    _ nqn: NQN, at address: TransportAddress, as host: HostIdentity, options: ConnectOptions,
    deadline: ContinuousClock.Instant
  ) async throws(FabricsError) -> Controller { fatalError() }
  /// Removes every controller of ours for `nqn` and verifies in sysfs that they are gone. Controllers of other host identities are left alone.
  public func disconnect(
    _ nqn: NQN, as host: HostIdentity, deadline: ContinuousClock.Instant
  ) async throws(FabricsError) { fatalError() }
}

/// A controller, one path to a subsystem, as sysfs shows it.
public struct Controller: Hashable, Sendable {
  /// sysfs's `state`.
  public enum State: String, Hashable, Sendable {
    case new, live, resetting, connecting, deleting, deletingNoIO = "deleting (no IO)", dead
    /// One that this driver does not know.
    case unknown

    /// The kernel is about to remove it.
    public var isGoing: Bool { self == .deleting || self == .deletingNoIO || self == .dead }
  }

  /// `nvme0`
  public let name: String
  /// What it is doing.
  public let state: State
  /// `tcp`
  public let transport: String
  /// The parts of the `address` attribute: traddr, trsvcid, src_addr, host_traddr, host_iface.
  public let address: [String: String]
  /// The subsystem that it is a path to.
  public let subsystemNQN: String
  /// Who the host is on this path.
  public let hostNQN: String
  /// Who the host is on this path.
  public let hostID: String
  /// Seconds; nil when the kernel says "off": it never gives up.
  public let ctrlLossTimeout: Int?

  /// A controller that was not read from sysfs: for those who plan with them.
  public init(
    name: String, state: State, transport: String, address: [String: String],
    subsystemNQN: String, hostNQN: String, hostID: String, ctrlLossTimeout: Int?
  ) {
    self.name = name
    self.state = state
    self.transport = transport
    self.address = address
    self.subsystemNQN = subsystemNQN
    self.hostNQN = hostNQN
    self.hostID = hostID
    self.ctrlLossTimeout = ctrlLossTimeout
  }

  /// Whether it leads to this portal.
  public func leads(to portal: TransportAddress) -> Bool {
    transport == portal.transport.rawValue
      && (portal.transport == .loop
        || address["traddr"] == portal.address && address["trsvcid"] == portal.service)
  }

  /// `nvme0 (tcp 192.0.2.1:4420, connecting)`
  public var summary: String {
    "\(name) (\(transport) \(address["traddr"] ?? "?"):\(address["trsvcid"] ?? "?"), "
      + "\(state.rawValue))"
  }
}

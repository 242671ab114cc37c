public import NVMe

/// What a staged volume should look like on this node, in the terms that recovery needs.
public struct DesiredVolume: Hashable, Sendable {
  /// How the volume is used.
  public enum Use: Hashable, Sendable {
    /// Device nodes at the targets, nothing at the staging path.
    case block
    /// Mounted at the staging path and bound at the targets.
    case fileSystem(readOnly: Bool)
  }

  /// The subsystem.
  public var nqn: NQN
  /// The namespace in it.
  public var nsid: UInt32
  /// The namespace's identity as it was when the volume was staged.
  public var identity: Identity
  /// Every portal that should have a path.
  public var portals: [TransportAddress]
  /// Block or file system.
  public var use: Use
  /// Seconds for which the kernel is to keep the disk once its last controller is gone, where it can.
  public var removalDelay: UInt32
  /// How long the kernel is to try to restore a lost controller.
  public var lossTimeout: LossTimeout?
  /// Where a file system is mounted.
  public var stagingPath: String
  /// Where the volume is published.
  public var targets: [String]

  /// Who a namespace is.
  public struct Identity: Hashable, Sendable {
    /// nil: it had none.
    public var uuid: UUID?
    /// nil: it had none.
    public var nguid: NGUID?
    /// Always there.
    public var wwid: String

    /// An identity.
    public init(uuid: UUID?, nguid: NGUID?, wwid: String) {
      self.uuid = uuid
      self.nguid = nguid
      self.wwid = wwid
    }

    /// The identity of a namespace as sysfs shows it.
    public init(_ namespace: Namespace) {
      self.init(uuid: namespace.uuid, nguid: namespace.nguid, wwid: namespace.wwid)
    }
  }

  /// All of it.
  public init(
    nqn: NQN, nsid: UInt32, identity: Identity, portals: [TransportAddress], use: Use,
    removalDelay: UInt32, stagingPath: String, targets: [String]
  ) {
    self.nqn = nqn
    self.nsid = nsid
    self.identity = identity
    self.portals = portals
    self.use = use
    self.removalDelay = removalDelay
    self.stagingPath = stagingPath
    self.targets = targets
  }
}

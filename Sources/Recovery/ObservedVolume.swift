public import Linux
public import NVMe

/// What there is of a volume on this node: one reading of sysfs, mountinfo and the mount's health.
public struct ObservedVolume: Hashable, Sendable {
  /// The paths to the subsystem that our host identity has made.
  public var controllers: [Controller]
  /// The disks of the volume's NSID, whoever they are.
  public var namespaces: [Namespace]
  /// What is mounted on top at the staging path.
  public var staging: Mounted?
  /// What is at each target.
  public var targets: [String: Target]
  /// The volume's file system is alive, wherever it is mounted: to mount it now gives the same one.
  public var isAlive: Bool

  /// A mount, as far as recovery looks at it.
  public struct Mounted: Hashable, Sendable {
    /// Of which device.
    public var device: DeviceNumber
    /// Whether the file system still takes what is written to it.
    public var health: Health
    /// The device is no more: the mount is what a lost connection has left.
    public var isGone: Bool
    /// What keeps a failed file system from being let go of; nil when nothing is known to.
    public var hold: Hold?

    /// A mount.
    public init(
      device: DeviceNumber, health: Health, isGone: Bool = false, hold: Hold? = nil
    ) {
      self.device = device
      self.health = health
      self.isGone = isGone
      self.hold = hold
    }
  }

  /// Somebody, or something, that keeps a file system mounted.
  public struct Hold: Hashable, Sendable {
    /// Who, as far as that is known.
    public var holder: String
    /// Nothing says that it is there still: to unmount may succeed now.
    public var mayBeOver: Bool

    /// A hold.
    public init(holder: String, mayBeOver: Bool) {
      self.holder = holder
      self.mayBeOver = mayBeOver
    }
  }

  /// How a mounted file system is.
  public enum Health: Hashable, Sendable {
    /// Nothing speaks against it.
    case good
    /// It refuses writes, or everything, after an error; the text says what shows it.
    case failed(String)
    /// It could not be asked: that is no reason to act.
    case unknown(String)
  }

  /// What is at a publish target.
  public enum Target: Hashable, Sendable {
    /// Nothing, or a directory without a mount.
    case missing
    /// Nothing, and the directory that it was in is gone too: its pod is no more.
    case abandoned
    /// A mount of this device, which is there.
    case mount(DeviceNumber)
    /// A mount of this device, which is no more: what a lost connection has left.
    case remains(DeviceNumber)
    /// A block node of this device.
    case node(DeviceNumber)
    /// Something that this driver never makes.
    case other(String)
  }

  /// All of it.
  public init(
    controllers: [Controller], namespaces: [Namespace], staging: Mounted?,
    targets: [String: Target], isAlive: Bool = false
  ) {
    self.controllers = controllers
    self.namespaces = namespaces
    self.staging = staging
    self.targets = targets
    self.isAlive = isAlive
  }
}

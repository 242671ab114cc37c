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

  /// A mount, as far as recovery looks at it.
  public struct Mounted: Hashable, Sendable {
    /// Of which device.
    public var device: DeviceNumber
    /// Whether the file system still takes what is written to it.
    public var health: Health

    /// A mount.
    public init(device: DeviceNumber, health: Health) {
      self.device = device
      self.health = health
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
    /// A mount of this device.
    case mount(DeviceNumber)
    /// A block node of this device.
    case node(DeviceNumber)
    /// Something that this driver never makes.
    case other(String)
  }

  /// All of it.
  public init(
    controllers: [Controller], namespaces: [Namespace], staging: Mounted?,
    targets: [String: Target]
  ) {
    self.controllers = controllers
    self.namespaces = namespaces
    self.staging = staging
    self.targets = targets
  }
}

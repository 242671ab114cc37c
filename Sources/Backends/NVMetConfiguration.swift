public import NVMe

/// Where and as what the kernel's target exports volumes.
public struct NVMetConfiguration: Hashable, Sendable {
  /// Whose subsystems and ports they are.
  public var owner: PoolOwner
  /// Where new volumes are served. A volume keeps those it was made with.
  public var portals: [TransportAddress]
  /// A volume's subsystem is `<prefix>:<volume id>`.
  public var nqnPrefix: String
  /// nvmet's directory in configfs.
  public var configFS: String

  /// All of it.
  public init(
    owner: PoolOwner, portals: [TransportAddress],
    nqnPrefix: String = "nqn.2026-11.dev.nvmeof-csi",
    configFS: String = "/sys/kernel/config/nvmet"
  ) {
    self.owner = owner
    self.portals = portals
    self.nqnPrefix = nqnPrefix
    self.configFS = configFS
  }

  /// The NQN of a volume's subsystem.
  func nqn(of volume: ObjectID) throws(BackendError) -> NQN {
    do { return try NQN("\(nqnPrefix):\(volume)") } catch {
      throw BackendError(.invalid, "NQN prefix '\(nqnPrefix)'", cause: error)
    }
  }

  /// The volume a subsystem belongs to; nil when it is none of ours.
  func volume(of nqn: NQN) -> ObjectID? {
    guard nqn.rawValue.hasPrefix("\(nqnPrefix):") else { return nil }
    return ObjectID(String(nqn.rawValue.dropFirst(nqnPrefix.utf8.count + 1)))
  }

  func check() throws(BackendError) {
    guard !portals.isEmpty else { throw BackendError(.invalid, "nvmet needs at least one portal") }
    guard Set(portals).count == portals.count else {
      throw BackendError(.invalid, "a portal is named twice: \(portals)")
    }
    // A record has one transport for all of them, and so has a volume context.
    guard Set(portals.map(\.transport)).count == 1, portals.first?.transport != .loop else {
      throw BackendError(.invalid, "nvmet's portals must be all tcp or all rdma")
    }
    if let example = ObjectID("nv-" + String(repeating: "a", count: 26)) {
      _ = try nqn(of: example)
    }
  }
}

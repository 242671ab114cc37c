import ArgumentParser
import Backends
import Driver
import NVMe

/// Which backend makes the volumes, and of what.
struct BackendOptions: ParsableArguments {
  /// The backends by name.
  enum Kind: String, CaseIterable, ExpressibleByArgument {
    case nvmet
    case `static`
  }

  /// The transports that a target can serve over a network.
  enum Served: String, CaseIterable, ExpressibleByArgument {
    case tcp, rdma
  }

  @Option(
    help: ArgumentHelp(
      """
      nvmet: make volumes on this machine and export them with its kernel's NVMe target. static: \
      make nothing; volumes are what somebody else exports.
      """))
  var backend: Kind = .nvmet

  @Option(
    help: ArgumentHelp(
      "nvmet: the directory that volumes are files in; xfs and btrfs make snapshots instant.",
      valueName: "directory"))
  var poolDir: String?

  @Flag(
    help: """
      nvmet: a file system must be mounted right at --pool-dir; without it the pool counts as away, \
      not as empty.
      """)
  var poolIsMount = false

  @Option(
    help: ArgumentHelp(
      """
      nvmet: the LVM volume group that volumes are logical volumes in, instead of --pool-dir. \
      Without --thin-pool they are linear: zeroed when they are made, and without snapshots and \
      expansion.
      """, valueName: "group"))
  var poolVg: String?

  @Option(
    help: ArgumentHelp(
      "nvmet: the thin pool in --pool-vg, there already; it makes snapshots and clones instant.",
      valueName: "pool"))
  var thinPool: String?

  @Option(
    help: ArgumentHelp(
      """
      nvmet: what of the pool is never given to volumes, 5% or 20GiB (default: 5% of --pool-dir, \
      nothing of --pool-vg, where it must be bytes).
      """, valueName: "amount"))
  var reserve: Reserve?

  @Option(
    help: ArgumentHelp(
      """
      nvmet: promise volumes this many times what the pool has, 1 or more (default: 1). Volumes that \
      are all filled then run out of room, and their writes fail. --pool-dir or --thin-pool only.
      """, valueName: "times"))
  var overcommit: Double?

  @Option(
    help: ArgumentHelp(
      """
      nvmet: where volumes are served, separated by commas: 192.0.2.1:4420,[2001:db8::1]:4420. \
      Several make multipath. A volume keeps those it was made with.
      """, valueName: "address:port"))
  var portals: String?

  @Option(help: "nvmet: how volumes are served (default: tcp).")
  var transport: Served?

  @Option(
    help: ArgumentHelp(
      "nvmet: a volume's subsystem is <prefix>:<volume id> (default: \(Self.defaultPrefix)).",
      valueName: "nqn"))
  var nqnPrefix: String?

  @Option(
    help: ArgumentHelp(
      "static: a JSON list of the volumes; without it they are known by their volumeAttributes only.",
      valueName: "file"))
  var volumesFile: String?

  private static let defaultPrefix = "nqn.2026-11.dev.nvmeof-csi"

  func validate() throws { _ = try choice() }

  /// The choice, if the flags make one.
  func choice() throws -> BackendChoice {
    let made: [(String, Bool)] = [
      ("--pool-dir", poolDir != nil), ("--pool-is-mount", poolIsMount),
      ("--pool-vg", poolVg != nil), ("--thin-pool", thinPool != nil),
      ("--reserve", reserve != nil), ("--overcommit", overcommit != nil),
      ("--portals", portals != nil),
      ("--transport", transport != nil), ("--nqn-prefix", nqnPrefix != nil),
    ]
    switch backend {
    case .static:
      if let (flag, _) = made.first(where: { $0.1 }) {
        throw ValidationError("\(flag) is of no use with --backend static, which makes no volumes")
      }
      return .staticVolumes(file: volumesFile)
    case .nvmet:
      guard volumesFile == nil else {
        throw ValidationError("--volumes-file is of no use without --backend static")
      }
      guard let portals else {
        throw ValidationError(
          "--backend nvmet needs --portals, the addresses at which nodes reach this machine")
      }
      let addresses: [TransportAddress]
      do {
        addresses = try portals.split(separator: ",", omittingEmptySubsequences: false).map {
          try TransportAddress(String($0), transport: transport == .rdma ? .rdma : .tcp)
        }
      } catch {
        throw ValidationError("--portals: \(error)")
      }
      do { _ = try NQN("\(nqnPrefix ?? Self.defaultPrefix):nv-x") } catch {
        throw ValidationError("--nqn-prefix: \(error)")
      }
      let prefix = nqnPrefix ?? Self.defaultPrefix
      switch try pool() {
      case .files(let files):
        return .nvmetFiles(files, portals: addresses, nqnPrefix: prefix)
      case .logicalVolumes(let group):
        return .nvmetLVM(group, portals: addresses, nqnPrefix: prefix)
      }
    }
  }

  private enum Pool {
    case files(FilePoolConfiguration)
    case logicalVolumes(LVMPoolConfiguration)
  }

  private func pool() throws -> Pool {
    guard overcommit.map({ $0 >= 1 && $0.isFinite }) ?? true else {
      throw ValidationError("--overcommit must be 1 or more")
    }
    switch (poolDir, poolVg) {
    case (let directory?, nil):
      guard directory.hasPrefix("/") else {
        throw ValidationError("--pool-dir must be the absolute path of a directory")
      }
      guard thinPool == nil else {
        throw ValidationError("--thin-pool is in a volume group: it needs --pool-vg")
      }
      return .files(
        FilePoolConfiguration(
          directory: directory, mustBeMountPoint: poolIsMount,
          reserve: reserve?.amount ?? .percent(5), overcommit: overcommit ?? 1))
    case (nil, let group?):
      guard !poolIsMount else {
        throw ValidationError("--pool-is-mount is of no use without --pool-dir")
      }
      guard overcommit == nil || thinPool != nil else {
        throw ValidationError(
          "--overcommit needs --thin-pool: what is not thin takes all of its room at once")
      }
      guard case .bytes(let bytes) = reserve?.amount ?? .bytes(0) else {
        throw ValidationError("--reserve of a volume group must be bytes, as 20GiB")
      }
      return .logicalVolumes(
        LVMPoolConfiguration(
          volumeGroup: group, thinPool: thinPool, reserve: bytes, overcommit: overcommit ?? 1))
    case (nil, nil), (_?, _?):
      throw ValidationError(
        "--backend nvmet needs one of --pool-dir, a directory for the volumes, and --pool-vg, an LVM "
          + "volume group")
    }
  }
}

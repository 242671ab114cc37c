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
      "nvmet: the directory that volumes are files in; xfs or btrfs make snapshots instant.",
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
      "nvmet: what of the pool is never given to volumes, 5% or 20GiB (default: 5%).",
      valueName: "amount"))
  var reserve: Reserve?

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
      ("--reserve", reserve != nil), ("--portals", portals != nil),
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
      guard let poolDir, poolDir.hasPrefix("/") else {
        throw ValidationError(
          "--backend nvmet needs --pool-dir, the absolute path of a directory for the volumes")
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
      return .nvmetFiles(
        FilePoolConfiguration(
          directory: poolDir, mustBeMountPoint: poolIsMount,
          reserve: reserve?.amount ?? .percent(5)),
        portals: addresses, nqnPrefix: nqnPrefix ?? Self.defaultPrefix)
    }
  }
}

/// `5%`, `20GiB`, `21474836480`
struct Reserve: ExpressibleByArgument {
  let amount: FilePoolConfiguration.Reserve

  init?(argument: String) {
    if argument.hasSuffix("%") {
      guard let percent = Int(argument.dropLast()), (0...99).contains(percent) else { return nil }
      amount = .percent(percent)
      return
    }
    let units: [(String, Int64)] = [
      ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40), ("", 1),
    ]
    guard let (name, size) = units.first(where: { argument.hasSuffix($0.0) }),
      let count = Int64(argument.dropLast(name.count)), count >= 0
    else { return nil }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
    guard !overflow else { return nil }
    amount = .bytes(bytes)
  }
}

import ArgumentParser
import Driver
import GRPC
import Logging

/// `nvmeof-csi node`: serves csi.v1.Identity and csi.v1.Node on this machine.
struct NodeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "node",
    abstract: "Serve the CSI Identity and Node services on this machine.",
    discussion: """
      Runs in the foreground until SIGTERM or SIGINT. Needs root, the nvme-cli, e2fsprogs, xfsprogs \
      and util-linux programs on PATH, and the host's network namespace (the kernel's NVMe/TCP \
      connections live in the network namespace they are made from).

      Example:
        nvmeof-csi node --endpoint unix:///csi/csi.sock --node-id "$(hostname)"
      """)

  @Option(
    help: ArgumentHelp(
      "The socket to serve: unix:///path, or tcp://host:port for tests.", valueName: "address"))
  var endpoint = "unix:///csi/csi.sock"

  @Option(
    help: ArgumentHelp(
      "This node's name in Kubernetes; also decides the host NQN.", valueName: "name"))
  var nodeID: String

  @Option(
    help: ArgumentHelp("The driver's name, as the CSIDriver object spells it.", valueName: "name"))
  var driverName = "nvmeof.csi.dev"

  @Option(
    help: ArgumentHelp(
      "The kubelet's directory; paths outside it are refused.", valueName: "directory"))
  var kubeletDir = "/var/lib/kubelet"

  @Option(
    help: ArgumentHelp(
      """
      Where the stage records live. Must survive restarts and reboots; default: \
      <kubelet-dir>/plugins/<driver-name>/state.
      """, valueName: "directory"))
  var stateDir: String?

  @Option(
    help: ArgumentHelp(
      "Volumes this node can hold, for the scheduler; 0 sets no limit.", valueName: "count"))
  var maxVolumes: Int64 = 0

  @Option(
    help: ArgumentHelp("A topology segment of this node; repeatable.", valueName: "key=value"))
  var topology: [String] = []

  @Option(
    help: ArgumentHelp(
      "Where to serve /metrics, /healthz and /readyz over HTTP; 'off' for nowhere.",
      valueName: "host:port"))
  var metricsAddress = "127.0.0.1:9809"

  @Option(
    help: ArgumentHelp(
      """
      How long an outage of the target must last before NodeUnstageVolume tears a volume down without \
      it; what had not reached the target is lost then. 'off' waits for the target for ever.
      """, valueName: "seconds"))
  var forcedTeardownAfter: Patience = .seconds(60)

  @Option(
    help: ArgumentHelp(
      """
      How long the kernel keeps a volume's disk, and the I/O that waits for it, once the last \
      controller is gone (delayed_removal_secs, Linux 6.16 and later); 0: not at all. Volumes with a \
      ctrlLossTmo or fastIoFailTmo of their own are not affected.
      """, valueName: "seconds"))
  var delayedRemovalSecs: UInt32 = 600

  @Option(help: "How much to log.")
  var logLevel: LogLevel = .info

  func validate() throws {
    guard !nodeID.isEmpty, nodeID.utf8.count <= 253 else {
      throw ValidationError("--node-id must have 1 to 253 bytes")
    }
    guard delayedRemovalSecs <= NodeConfiguration.longestRemovalDelay else {
      throw ValidationError(
        "--delayed-removal-secs must not exceed \(NodeConfiguration.longestRemovalDelay)")
    }
    guard maxVolumes >= 0 else { throw ValidationError("--max-volumes must not be negative") }
    _ = try segments()
  }

  func run() async throws {
    var logger = Logger(label: "nvmeof-csi", factory: StreamLogHandler.standardError(label:))
    logger.logLevel = logLevel.level
    var node = NodeConfiguration(
      nodeID: nodeID, kubeletDirectory: try KubeletDirectory(kubeletDir))
    node.maximumVolumes = maxVolumes
    node.topology = try segments()
    node.removalDelay = delayedRemovalSecs
    node.forcedTeardownAfter = forcedTeardownAfter.duration
    let plugin = NodePlugin(
      .init(
        endpoint: try Address(endpoint), driverName: driverName, version: NVMeoFCSI.version,
        stateDirectory: stateDir ?? "\(kubeletDir)/plugins/\(driverName)/state",
        metrics: metricsAddress == "off" ? nil : try Address("tcp://\(metricsAddress)"), node: node),
      logger: logger)
    try await plugin.run()
  }

  private func segments() throws -> [String: String] {
    var segments: [String: String] = [:]
    for text in topology {
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else {
        throw ValidationError("--topology '\(text)' is not of the form key=value")
      }
      segments[parts[0]] = parts[1]
    }
    return segments
  }
}

/// A number of seconds, or `off`.
enum Patience: ExpressibleByArgument {
  case off
  case seconds(Int64)

  init?(argument: String) {
    if argument == "off" {
      self = .off
    } else if let seconds = Int64(argument), (1...31_536_000).contains(seconds) {
      self = .seconds(seconds)
    } else {
      return nil
    }
  }

  var defaultValueDescription: String {
    switch self {
    case .off: "off"
    case .seconds(let seconds): "\(seconds)"
    }
  }

  var duration: Duration? {
    switch self {
    case .off: nil
    case .seconds(let seconds): .seconds(seconds)
    }
  }
}

/// The levels that make sense for a daemon.
enum LogLevel: String, CaseIterable, ExpressibleByArgument {
  case debug, info, notice, warning, error

  var level: Logger.Level {
    switch self {
    case .debug: .debug
    case .info: .info
    case .notice: .notice
    case .warning: .warning
    case .error: .error
    }
  }
}

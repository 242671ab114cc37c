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

  @Option(help: "How much to log.")
  var logLevel: LogLevel = .info

  func validate() throws {
    guard !nodeID.isEmpty, nodeID.utf8.count <= 253 else {
      throw ValidationError("--node-id must have 1 to 253 bytes")
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

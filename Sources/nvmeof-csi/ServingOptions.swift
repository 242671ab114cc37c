import ArgumentParser
import Driver
import GRPC
import Logging

/// What every part of the plugin needs to serve.
struct ServingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The socket to serve: unix:///path, or tcp://host:port for tests.", valueName: "address"))
  var endpoint = "unix:///csi/csi.sock"

  @Option(
    help: ArgumentHelp("The driver's name, as the CSIDriver object spells it.", valueName: "name"))
  var driverName = "nvmeof.csi.dev"

  @Option(
    help: ArgumentHelp(
      "A topology segment: where this node is, or where the controller's volumes can be reached from; repeatable.",
      valueName: "key=value"))
  var topology: [String] = []

  @Option(
    help: ArgumentHelp(
      "Where to serve /metrics, /healthz and /readyz over HTTP; 'off' for nowhere.",
      valueName: "host:port"))
  var metricsAddress = "127.0.0.1:9809"

  @Option(help: "How much to log.")
  var logLevel: LogLevel = .info

  func validate() throws { _ = try segments() }

  /// The topology's keys and values.
  func segments() throws -> [String: String] {
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

  /// Serves these parts until the order to stop.
  func serve(node: Plugin.NodePart?, controller: Plugin.ControllerPart?) async throws {
    var logger = Logger(label: "nvmeof-csi", factory: StreamLogHandler.standardError(label:))
    logger.logLevel = logLevel.level
    let plugin = Plugin(
      .init(
        endpoint: try Address(endpoint), driverName: driverName, version: NVMeoFCSI.version,
        metrics: metricsAddress == "off" ? nil : try Address("tcp://\(metricsAddress)"),
        node: node, controller: controller),
      logger: logger)
    try await plugin.run()
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

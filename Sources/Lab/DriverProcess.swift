import Foundation

/// The node plugin as a process of its own, so that it can be stopped, killed and started again.
public final class DriverProcess: @unchecked Sendable {
  // Unchecked: `process` is replaced by `start` only, which its owner, a test or the demo, never calls
  // from two tasks at once; everything else is immutable.
  private var process: Process?

  /// The executable.
  public let binary: String
  /// Where the socket, the state and the log lie.
  public let directory: String
  /// What the plugin is told to be.
  public let nodeID: String
  /// Where volumes are published.
  public let kubeletDirectory: String
  /// What the controller is told; nil: there is none.
  public let controller: [String]?

  /// The CSI socket.
  public var socket: String { directory + "/csi.sock" }
  /// Where standard error of every life of the plugin goes.
  public var logFile: String { directory + "/log" }

  /// A plugin whose socket, state and log live in `directory`, with a controller if it has arguments
  /// for one.
  public init(
    binary: String = ".build/debug/nvmeof-csi", directory: String, nodeID: String,
    kubeletDirectory: String = "/run/lab/kubelet", controller: [String]? = nil
  ) throws {
    self.binary = binary
    self.directory = directory
    self.nodeID = nodeID
    self.kubeletDirectory = kubeletDirectory
    self.controller = controller
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true)
    _ = FileManager.default.createFile(atPath: logFile, contents: nil)
  }

  /// Starts the plugin; its socket may take a moment.
  public func start(environment: [String: String] = [:]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: binary)
    process.arguments =
      [
        controller == nil ? "node" : "all", "--endpoint", "unix://\(socket)", "--node-id", nodeID,
        "--kubelet-dir", kubeletDirectory, "--state-dir",
        // Both together keep the node's records in a directory below.
        controller == nil ? directory + "/state" : directory, "--log-level",
        "debug",
      ] + (controller ?? [])
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let log = try FileHandle(forWritingTo: URL(fileURLWithPath: logFile))
    try log.seekToEnd()
    process.standardError = log
    process.standardOutput = log
    process.standardInput = FileHandle.nullDevice
    try process.run()
    self.process = process
  }

  /// Whether the plugin was started and has not ended.
  public var isRunning: Bool { process?.isRunning ?? false }
  /// Of the latest life.
  public var processID: Int32 { process?.processIdentifier ?? 0 }

  /// SIGKILL, and waits for the end.
  public func killNow() async throws {
    kill(processID, SIGKILL)
    try await waitForEnd(within: .seconds(5))
  }

  /// SIGTERM, and waits for the end; returns how long that took.
  public func stop() async throws -> Duration {
    let start = ContinuousClock.now
    kill(processID, SIGTERM)
    try await waitForEnd(within: .seconds(10))
    return .now - start
  }

  /// Waits until the plugin is no longer running.
  public func waitForEnd(within limit: Duration) async throws {
    try await eventually(within: limit, "the plugin to end") { !isRunning }
  }

  /// The last lines of the log, for a failing test's message.
  public func logTail(_ lines: Int = 40) -> String {
    let text = (try? String(contentsOfFile: logFile, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").suffix(lines).joined(separator: "\n")
  }
}

import CSI
import Foundation
public import GRPC
import Synchronization

/// The driver as a process of its own, so that it can be stopped, killed and started again.
public final class DriverProcess: Sendable {
  private let life = Mutex(Life())

  private struct Life {
    var process: pid_t = 0
    var isRunning = false
  }

  /// The executable.
  public let binary: String
  /// Where the socket, the state and the log lie.
  public let directory: String
  /// What the plugin is told to be.
  public let nodeID: String
  /// Where volumes are published.
  public let kubeletDirectory: String

  /// The CSI socket.
  public var socket: String { directory + "/csi.sock" }
  /// Where standard error of every life of the plugin goes.
  public var logFile: String { directory + "/log" }

  /// What it is started with besides its socket.
  private let arguments: [String]

  /// A node plugin whose socket, state and log live in `directory`, with a controller if it has
  /// arguments for one.
  public convenience init(
    binary: String = ".build/debug/nvmeof-csi", directory: String, nodeID: String,
    kubeletDirectory: String = "/run/lab/kubelet", controller: [String]? = nil
  ) throws {
    let node = ["--node-id", nodeID, "--kubelet-dir", kubeletDirectory, "--state-dir"]
    try self.init(
      binary: binary, directory: directory, nodeID: nodeID, kubeletDirectory: kubeletDirectory,
      // Both together keep the node's records in a directory below.
      arguments: controller.map { ["all"] + node + [directory] + $0 }
        ?? ["node"] + node + [directory + "/state"])
  }

  /// Any of the driver's services. Those that are no node's have no node id.
  public init(
    binary: String = ".build/debug/nvmeof-csi", directory: String, nodeID: String = "",
    kubeletDirectory: String = "/run/lab/kubelet", arguments: [String]
  ) throws {
    self.binary = binary
    self.directory = directory
    self.nodeID = nodeID
    self.kubeletDirectory = kubeletDirectory
    self.arguments = arguments
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true)
    _ = FileManager.default.createFile(atPath: logFile, contents: nil)
  }

  /// Starts the plugin, with further arguments; its socket may take a moment.
  public func start(environment: [String: String] = [:], arguments: [String] = []) throws {
    let process = try Program.start(
      [binary] + self.arguments + ["--endpoint", "unix://\(socket)", "--log-level", "debug"]
        + arguments, environment: ProcessInfo.processInfo.environment.merging(environment) { $1 },
      log: logFile)
    life.withLock { $0 = Life(process: process, isRunning: true) }
  }

  /// Waits until it is ready to serve.
  public func answers() async throws {
    // On a busy machine the emulated one has taken 19 s.
    let end = ContinuousClock.now + .seconds(60)
    while true {
      do {
        let answer = try await withClient { client in
          try await IdentityClient(client).probe(deadline: .now + .seconds(5))
        }
        if answer.ready ?? true { return }
        throw LabError("it says that it is not ready")
      } catch {
        guard ContinuousClock.now < end, isRunning else {
          throw LabError("the plugin does not answer: \(error)\n\(logTail())")
        }
        try await Task.sleep(for: .milliseconds(20))
      }
    }
  }

  /// A client of its socket.
  public func withClient<R: Sendable>(
    _ body: (Client) async throws -> R
  ) async throws -> R {
    try await Client.with(.unix(path: socket)) { try await body($0) }
  }

  /// Whether the plugin was started and has not ended.
  public var isRunning: Bool {
    life.withLock { life in
      var status: Int32 = 0
      if life.isRunning, waitpid(life.process, &status, WNOHANG) == life.process {
        life.isRunning = false
      }
      return life.isRunning
    }
  }
  /// Of the latest life.
  public var processID: Int32 { life.withLock { $0.process } }

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
    do {
      try await eventually(within: limit, "the plugin to end") { !isRunning }
    } catch {
      let stat = (try? String(contentsOfFile: "/proc/\(processID)/stat", encoding: .utf8)) ?? "?"
      throw LabError("\(error); /proc/\(processID)/stat: \(stat.prefix(60))")
    }
  }

  /// The last lines of the log, for a failing test's message.
  public func logTail(_ lines: Int = 40) -> String {
    let text = (try? String(contentsOfFile: logFile, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").suffix(lines).joined(separator: "\n")
  }
}

public import Command
public import Linux

/// Probes, formats, checks and grows block devices.  Everything that may touch a device runs in a child
/// under the deadline, and nothing is changed before the device number at the path was compared.
///
/// Between the comparison and the program's own open(2) the path may still come to lead elsewhere:
/// programs take paths, and a connection does not keep the kernel from giving its disk's name and number
/// to the next (since Linux 6.10 a target's answer can end one at any time).  The caller keeps the disk
/// open meanwhile, see `IsolatedCalls.pin`, and asks afterwards whether it was open all along.
public struct BlockDevices: Sendable {
  /// `IsolatedCalls.scan`, exclusive or not, with these edges and samples.
  typealias Scan =
    @Sendable (
      _ path: String, _ exclusive: Bool, _ edges: UInt64, _ samples: Int,
      _ deadline: ContinuousClock.Instant
    ) async throws(IsolatedCallError) -> RegionScan

  let runner: any CommandRunner
  let scan: Scan
  let procRoot: String

  static let sampleLength: UInt64 = 4096

  /// Programs are run by `runner`, devices read through `calls`.
  public init(runner: any CommandRunner, calls: IsolatedCalls) {
    self.init(runner: runner, procRoot: "/proc") {
      (path, exclusive, edges, samples, deadline) async throws(IsolatedCallError) in
      try await calls.scan(
        device: path, exclusive: exclusive, edges: edges, samples: samples,
        sampleLength: Self.sampleLength, deadline: deadline)
    }
  }

  init(runner: any CommandRunner, procRoot: String, scan: @escaping Scan) {
    self.runner = runner
    self.procRoot = procRoot
    self.scan = scan
  }

  /// Runs a program; `action` begins the message of every error.
  func run(
    _ command: Command, _ action: String, deadline: ContinuousClock.Instant
  ) async throws(BlockDeviceError) -> CommandOutput {
    do {
      return try await runner.run(command, deadline: deadline)
    } catch {
      throw BlockDeviceError(action, error)
    }
  }
}

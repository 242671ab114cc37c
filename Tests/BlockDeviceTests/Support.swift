import BlockDevice
import Command
import Glibc
import Linux
import Synchronization
import SystemPackage

func fixture(_ name: String) throws -> String {
  String(decoding: try Files.read(fixturePath(name), limit: 1 << 20), as: UTF8.self)
}

func fixturePath(_ name: String) -> String {
  let here = #filePath.split(separator: "/").dropLast().joined(separator: "/")
  return "/\(here)/Fixtures/\(name)"
}

extension ContinuousClock.Instant {
  /// A deadline that no test means to reach.
  static var ample: Self { .now + .seconds(60) }
}

/// Answers every program with one output, or error, and remembers what it was asked to run.
final class FakeRunner: CommandRunner {
  private let answer: Result<CommandOutput, CommandError>
  private let ran = Mutex<[Command]>([])

  init(_ answer: Result<CommandOutput, CommandError>) { self.answer = answer }

  convenience init(
    _ termination: CommandOutput.Termination, output: String = "", error: String = ""
  ) {
    self.init(
      .success(
        CommandOutput(
          termination: termination, standardOutput: output, standardError: error, duration: .zero)))
  }

  var commands: [[String]] { ran.withLock { $0.map { [$0.program] + $0.arguments } } }

  func run(
    _ command: Command, deadline: ContinuousClock.Instant
  ) async throws(CommandError) -> CommandOutput {
    ran.withLock { $0.append(command) }
    return try answer.get()
  }
}

/// A directory of a test's own.
func withTemporaryDirectory<Result>(
  _ body: (String) async throws -> Result
) async throws -> Result {
  let path = "/tmp/block-device-tests-\(UInt64.random(in: .min ... .max))"
  try Files.makeDirectories(path, mode: 0o700)
  defer {
    for name in (try? Files.names(inDirectory: path)) ?? [] {
      if (try? Files.removeDirectory("\(path)/\(name)")) == nil {
        _ = try? Files.unlink("\(path)/\(name)")
      }
    }
    _ = try? Files.removeDirectory(path)
  }
  return try await body(path)
}

/// Whether this machine lets us make device nodes, in /tmp.
let canMakeNodes: Bool = {
  let path = "/tmp/block-device-tests-node-\(UInt64.random(in: .min ... .max))"
  defer { _ = try? Files.unlink(path) }
  let device = DeviceNumber(major: 259, minor: 77)
  return (try? Files.replaceWithBlockNode(path, device: device, mode: 0o600)) != nil
}()

/// Whether this machine has loop devices that we may use.
let canUseLoopDevices = geteuid() == 0 && (try? Files.status("/dev/loop-control")) != nil

/// Whether this process has CAP_SYS_RESOURCE (24), which containers mostly lack, also root's.
let mayGrowExt4: Bool = {
  guard let bytes = try? Files.read("/proc/self/status", limit: 1 << 16),
    let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first(where: {
      $0.hasPrefix("CapEff:")
    }),
    let capabilities = UInt64(line.dropFirst(8), radix: 16)
  else { return false }
  return capabilities >> 24 & 1 == 1
}()

import Glibc
import Linux
import Synchronization
import Testing

@testable import Command

extension ContinuousClock.Instant {
  static func `in`(milliseconds: Int) -> Self { .now + .milliseconds(milliseconds) }
}

/// Runs `body` with an executor that serves, and sees that serving is over within a second of its end.
@discardableResult
func withExecutor<Result: Sendable>(
  _ executor: CommandExecutor = CommandExecutor(),
  _ body: (CommandExecutor) async throws -> Result
) async throws -> Result {
  try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask { await executor.run() }
    while true {
      do {
        _ = try await executor.run(Command("true"), deadline: .in(milliseconds: 10_000))
        break
      } catch CommandError.notRunning {
        await Task.yield()
      }
    }
    let result = try await body(executor)
    let end = ContinuousClock.now
    group.cancelAll()
    try await group.waitForAll()
    #expect(end.duration(to: .now) < .seconds(30))
    return result
  }
}

extension CommandExecutor {
  /// Under a deadline that no test means to reach.
  func run(_ program: String, _ arguments: String...) async throws -> CommandOutput {
    try await run(Command(program, arguments), deadline: .in(milliseconds: 30_000))
  }

  func shell(_ script: String) async throws -> CommandOutput { try await run("sh", "-c", script) }
}

func openDescriptors() throws -> Int { try Files.names(inDirectory: "/proc/self/fd").count }

/// Whether a process lives: there, and no zombie.
func lives(_ processID: Int32) -> Bool {
  guard let bytes = try? Files.read("/proc/\(processID)/stat", limit: 4096) else { return false }
  return !String(decoding: bytes, as: UTF8.self).contains(") Z ")
}

func eventually(_ condition: () throws -> Bool) async throws -> Bool {
  for _ in 0..<1000 {
    if try condition() { return true }
    try await Task.sleep(for: .milliseconds(10))
  }
  return false
}

/// Sees each child at its end, while it still is a zombie, and lends it a kill.
final class Witness: Sendable {
  private let seen = Mutex<[Int32]>([])
  private let mayDie = Atomic<Bool>(true)

  /// Children that do not die of SIGKILL, until they may.
  convenience init(mayDie: Bool) {
    self.init()
    self.mayDie.store(mayDie, ordering: .relaxed)
  }

  @Sendable
  func kill(_ processID: Int32) {
    seen.withLock { $0.append(processID) }
    if mayDie.load(ordering: .relaxed) { ChildWatcher.killGroup(processID) }
  }

  func letDie() {
    mayDie.store(true, ordering: .relaxed)
    for processID in processIDs { ChildWatcher.killGroup(processID) }
  }

  var processIDs: [Int32] { seen.withLock { $0 } }

  /// Those of them that are still this process' children: alive, or zombies that nobody reaped.
  var remaining: [Int32] {
    processIDs.filter { processID in
      guard let bytes = try? Files.read("/proc/\(processID)/stat", limit: 4096) else {
        return false
      }
      let fields = String(decoding: bytes, as: UTF8.self).split(separator: ") ").last
      return fields?.split(separator: " ").dropFirst().first == "\(getpid())"
    }
  }
}

/// Other suites run in this process at the same time: it tells one leak per call from none.
func descriptorsReturn(to before: Int, within slack: Int = 100) async throws -> Bool {
  try await eventually { try openDescriptors() < before + slack }
}

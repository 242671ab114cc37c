import Glibc
import Linux
import Synchronization
import Testing

@testable import Command

extension CommandExecutorTests {
  @Suite("Deadlines and shutdown", .serialized) struct DeadlineTests {
    private func expectDeadline(
      _ executor: CommandExecutor, _ command: Command, milliseconds: Int, stuck: Bool,
      within slack: Duration
    ) async {
      let deadline = ContinuousClock.Instant.in(milliseconds: milliseconds)
      let error = await #expect(throws: CommandError.self) {
        try await executor.run(command, deadline: deadline)
      }
      let late = deadline.duration(to: .now)
      #expect(late >= .zero && late < slack)
      guard case .deadlineExceeded(command.program, let duration, stuck)? = error else {
        Issue.record("\(error as Any)")
        return
      }
      #expect(duration >= .milliseconds(milliseconds - 5))
    }

    @Test(
      "A program is killed at its deadline, whatever it does against it",
      arguments: [
        "sleep 100", "trap '' TERM INT HUP; while :; do sleep 0.05; done", "kill -STOP $$",
        "sleep 100 & sleep 100 | cat", "while :; do echo y; done",
      ])
    func killed(script: String) async throws {
      let witness = Witness()
      let executor = CommandExecutor(limit: 64, outputLimit: 100, kill: witness.kill)
      try await withExecutor(executor) { executor in
        await expectDeadline(
          executor, Command("sh", ["-c", script]), milliseconds: 150, stuck: false,
          within: .milliseconds(500))
        #expect(executor.stuck == [])
        #expect(witness.remaining == [])
      }
    }

    @Test("The deadline kills grandchildren as well")
    func grandchildren() async throws {
      try await withExecutor { executor in
        let path = "/tmp/command-tests-\(UInt64.random(in: .min ... .max))"
        defer { _ = try? Files.unlink(path) }
        let script = "sleep 100 & echo $! > \(path); wait"
        await expectDeadline(
          executor, Command("sh", ["-c", script]), milliseconds: 300, stuck: false,
          within: .milliseconds(500))
        let text = String(decoding: try Files.read(path, limit: 20), as: UTF8.self)
        let grandchild = try #require(Int32(text.dropLast()))
        #expect(try await eventually { !lives(grandchild) })
      }
    }

    @Test("A grandchild that keeps the pipes open neither holds up the caller nor survives")
    func pipeKeeper() async throws {
      try await withExecutor { executor in
        let output = try await executor.shell("sleep 100 & echo $!")
        #expect(output.duration < .seconds(60))
        let grandchild = try #require(Int32(output.standardOutput.dropLast()))
        #expect(try await eventually { !lives(grandchild) })
      }
    }

    @Test("A daemon that left the group keeps the pipes open and holds up nobody")
    func daemon() async throws {
      try await withExecutor { executor in
        let output = try await executor.shell("setsid sleep 90 & echo started")
        #expect(output.standardOutput == "started\n")
        #expect(output.duration < .seconds(60))
      }
    }

    @Test("A program that does not die is left behind, accounted, and reaped when it dies at last")
    func stuck() async throws {
      let witness = Witness(mayDie: false)
      let executor = CommandExecutor(limit: 2, outputLimit: 100, kill: witness.kill)
      try await withExecutor(executor) { executor in
        await expectDeadline(
          executor, Command("sleep", ["100"]), milliseconds: 100, stuck: true,
          within: .milliseconds(700))
        #expect(executor.stuck.map(\.what) == ["sleep 100"])
        let other = try await executor.run("echo", "still serving")
        #expect(other.succeeded)

        witness.letDie()
        let isReaped = try await eventually { executor.stuck.isEmpty }
        #expect(isReaped)
        #expect(witness.remaining == [])
      }
    }

    @Test("When all places are taken by the stuck, the next is refused at once")
    func full() async throws {
      let executor = CommandExecutor(limit: 1, outputLimit: 100) { _ in }
      try await withExecutor(executor) { executor in
        await expectDeadline(
          executor, Command("sleep", ["100"]), milliseconds: 50, stuck: true,
          within: .milliseconds(700))
        await #expect(throws: CommandError.tooMany(running: 1)) {
          try await executor.run("true")
        }
      }
      for child in executor.stuck { ChildWatcher.killGroup(child.processID) }
    }

    @Test("Before it serves and after it served, nothing runs")
    func notRunning() async throws {
      let executor = CommandExecutor()
      await #expect(throws: CommandError.notRunning) { try await executor.run("true") }
      try await withExecutor(executor) { _ in }
      await #expect(throws: CommandError.notRunning) { try await executor.run("true") }
      await executor.run()
    }

    @Test("Shutdown kills what runs, answers everybody and is over within a second")
    func shutdown() async throws {
      for mayDie in [true, false] {
        let executor = CommandExecutor(limit: 4, outputLimit: 100) { processID in
          if mayDie { ChildWatcher.killGroup(processID) }
        }
        await withTaskGroup(of: Void.self) { callers in
          _ = try? await withExecutor(executor) { executor in
            for _ in 0..<8 {
              callers.addTask {
                await #expect(throws: CommandError.notRunning) {
                  try await executor.run("sleep", "100")
                }
              }
            }
            try await Task.sleep(for: .milliseconds(200))
          }
          await callers.waitForAll()
        }
        #expect(executor.stuck.count == (mayDie ? 0 : 4))
        // Whom the watcher could not kill, the kernel kills when its thread ends: PR_SET_PDEATHSIG.
        for child in executor.stuck {
          #expect(try await eventually { !lives(child.processID) })
        }
      }
    }
  }
}

import Glibc
import Linux
import Testing

@testable import Command

extension CommandExecutorTests {
  @Suite("A program that runs to its end", .serialized) struct RunToTheEndTests {
    /// A program that waits until it may end, writes to whoever listens, and leaves a mark at last.
    private struct Patient {
      let directory: String
      var command: Command {
        Command(
          "sh",
          [
            "-c",
            "until [ -e \(directory)/go ]; do sleep 0.05; done; echo over; >\(directory)/mark",
          ],
          runsToItsEnd: true)
      }
      var hasEnded: Bool { (try? Files.status("\(directory)/mark")) != nil }

      func letGo() throws { _ = try Files.makeDirectory("\(directory)/go", mode: 0o700) }
    }

    private func withPatient(_ body: (Patient) async throws -> Void) async throws {
      let patient = Patient(directory: "/tmp/command-tests-\(UInt64.random(in: .min ... .max))")
      try Files.makeDirectories(patient.directory, mode: 0o700)
      do {
        try await body(patient)
      } catch {
        try? patient.letGo()
        throw error
      }
      try Files.unlink("\(patient.directory)/mark")
      _ = try Files.removeDirectory("\(patient.directory)/go")
      _ = try Files.removeDirectory(patient.directory)
    }

    @Test("is not killed at the deadline: the caller is told, and it is accounted until it ends")
    func deadline() async throws {
      try await withPatient { patient in
        let witness = Witness()
        let executor = CommandExecutor(limit: 2, outputLimit: 100, kill: witness.kill)
        try await withExecutor(executor) { executor in
          let error = await #expect(throws: CommandError.self) {
            try await executor.run(patient.command, deadline: .in(milliseconds: 100))
          }
          guard case .goesOn("sh", _, let processID)? = error else {
            Issue.record("\(error as Any)")
            return try patient.letGo()
          }
          #expect(executor.stuck.map(\.processID) == [processID])
          #expect(executor.stuck.map(\.what) == [patient.command.description])
          #expect(try await executor.run("true").succeeded)
          #expect(lives(processID))
          #expect(!patient.hasEnded)
          try patient.letGo()
          #expect(try await eventually { executor.stuck.isEmpty })
          #expect(patient.hasEnded)
          #expect(!witness.processIDs.contains(processID))
        }
      }
    }

    @Test(
      "goes on when serving ends, and when the thread that began it does, with nobody to write to")
    func left() async throws {
      try await withPatient { patient in
        let executor = CommandExecutor(
          limit: 2, outputLimit: 100, farewell: .milliseconds(100), kill: ChildWatcher.killGroup)
        try await self.endServing(executor, while: patient) { outcome in
          #expect(throws: CommandError.notRunning) { try outcome.get() }
        }
        let processID = try #require(executor.stuck.first?.processID)
        // Longer than the kernel needs to kill what dies with its parent.
        try await Task.sleep(for: .milliseconds(200))
        #expect(lives(processID))
        try patient.letGo()
        #expect(try await eventually { patient.hasEnded })
      }
    }

    @Test("is waited for when serving ends, for a time")
    func farewell() async throws {
      try await withPatient { patient in
        try await self.endServing(CommandExecutor(farewell: .seconds(60)), while: patient) {
          outcome in
          let output = try outcome.get()
          #expect(output.standardOutput == "over\n")
          #expect(patient.hasEnded)
        } meanwhile: {
          try await Task.sleep(for: .milliseconds(100))
          try patient.letGo()
        }
      }
    }

    /// Begins the program, ends serving once it runs, and hands over what its caller got.
    private func endServing(
      _ executor: CommandExecutor, while patient: Patient,
      _ expect: (Result<CommandOutput, any Error>) throws -> Void,
      meanwhile: @escaping @Sendable () async throws -> Void = {}
    ) async throws {
      let outcome = await withTaskGroup(
        of: Result<CommandOutput, any Error>.self
      ) { callers in
        _ = try? await withExecutor(executor) { executor in
          callers.addTask {
            await Result.of {
              try await executor.run(patient.command, deadline: .in(milliseconds: 60_000))
            }
          }
          try await Task.sleep(for: .milliseconds(200))
          callers.addTask {
            await Result.of {
              try await meanwhile()
              throw CancellationError()
            }
          }
        }
        var outcome: Result<CommandOutput, any Error> = .failure(CancellationError())
        for await each in callers {
          if case .failure(let error) = each, error is CancellationError { continue }
          outcome = each
        }
        return outcome
      }
      try expect(outcome)
    }

    @Test("leads a session, and only a broken pipe is not its end")
    func start() async throws {
      try await withExecutor { executor in
        let script = """
          ps -o sid= -p $$; echo $$
          while read -r line; do case $line in SigIgn*) echo "$line" ;; esac; done </proc/$$/status
          """
        let command = Command("sh", ["-c", script], runsToItsEnd: true)
        let output = try await executor.run(command, deadline: .in(milliseconds: 30_000))
        let lines = output.standardOutput.split(separator: "\n").map { $0.filter { $0 != " " } }
        try #require(lines.count == 3, "\(output)")
        #expect(lines[0] == lines[1])
        // glibc keeps 32 and 33 for itself and lets nobody change them.
        let ignored = try #require(UInt64(lines[2].dropFirst("SigIgn:\t".count), radix: 16))
        #expect(ignored & ~0x1_8000_0000 == 1 << (SIGPIPE - 1))
      }
    }

    @Test("What it leaves behind is not killed either")
    func grandchild() async throws {
      try await withExecutor { executor in
        let command = Command("sh", ["-c", "sleep 100 & echo $!"], runsToItsEnd: true)
        let output = try await executor.run(command, deadline: .in(milliseconds: 30_000))
        let grandchild = try #require(Int32(output.standardOutput.dropLast()))
        try await Task.sleep(for: .milliseconds(100))
        #expect(lives(grandchild))
        kill(grandchild, SIGKILL)
      }
    }
  }
}

extension Result where Failure == any Error {
  fileprivate static func of(_ body: () async throws -> Success) async -> Self {
    do { return .success(try await body()) } catch { return .failure(error) }
  }
}

import Glibc
import Linux
import Synchronization
import Testing

@testable import Command

/// Serialized, for the sake of their times.
@Suite(.serialized, .timeLimit(.minutes(2))) struct CommandExecutorTests {
  @Test("Both streams and the exit code come back, each by itself")
  func output() async throws {
    try await withExecutor { executor in
      let output = try await executor.shell("printf one; printf two >&2; exit 3")
      #expect(output.termination == .exited(3))
      #expect(output.standardOutput == "one")
      #expect(output.standardError == "two")
      #expect(!output.succeeded)
      #expect(output.duration > .zero && output.duration < .seconds(60))
    }
  }

  @Test("A program that dies of a signal says which")
  func signal() async throws {
    try await withExecutor { executor in
      let output = try await executor.shell("kill -SEGV $$")
      #expect(output.termination == .signaled(SIGSEGV))
    }
  }

  @Test(
    "Arguments arrive as they are, without a shell",
    arguments: [[], [""], ["a b", "$HOME", "*", "'\"\\", "é\n", "--"]])
  func arguments(_ arguments: [String]) async throws {
    try await withExecutor { executor in
      let command = Command("printf", ["[%s]"] + arguments)
      let output = try await executor.run(command, deadline: .in(milliseconds: 10_000))
      let expected = arguments.isEmpty ? "[]" : arguments.map { "[\($0)]" }.joined()
      #expect(output.standardOutput == expected)
    }
  }

  @Test("The environment is PATH, LC_ALL and what the command adds")
  func environment() async throws {
    try await withExecutor { executor in
      let command = Command("/usr/bin/env", environment: ["A": "b=c", "LC_ALL": "POSIX"])
      let output = try await executor.run(command, deadline: .in(milliseconds: 10_000))
      #expect(
        output.standardOutput == """
          A=b=c
          LC_ALL=POSIX
          PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

          """)
    }
  }

  @Test("Input arrives whole, however long", arguments: [0, 1, 65_536, 1_000_000])
  func input(size: Int) async throws {
    try await withExecutor { executor in
      let command = Command("cat", input: [UInt8](repeating: 0x61, count: size))
      let output = try await executor.run(command, deadline: .in(milliseconds: 10_000))
      #expect(output.standardOutput.utf8.count == size)
      #expect(output.succeeded)
    }
  }

  @Test("A program that does not read its input is no error")
  func inputIgnored() async throws {
    try await withExecutor { executor in
      let command = Command("true", input: [UInt8](repeating: 0, count: 1_000_000))
      let output = try await executor.run(command, deadline: .in(milliseconds: 10_000))
      #expect(output.succeeded)
    }
  }

  @Test("10 MB of output are read, 1 MiB is kept, and the text says so")
  func bound() async throws {
    try await withExecutor { executor in
      let output = try await executor.shell("head -c 10000000 /dev/zero | tr '\\0' x; printf y >&2")
      #expect(output.standardOutput.utf8.count == (1 << 20) + "…[truncated]".utf8.count)
      #expect(output.standardOutput.hasSuffix("xx…[truncated]"))
      #expect(output.standardError == "y")
      #expect(output.succeeded)
    }
  }

  @Test("Output of exactly the limit is whole, one byte more is truncated")
  func exactBound() async throws {
    try await withExecutor(CommandExecutor(outputLimit: 4)) { executor in
      let exact = try await executor.run("printf", "1234")
      #expect(exact.standardOutput == "1234")
      let more = try await executor.run("printf", "12345")
      #expect(more.standardOutput == "1234…[truncated]")
    }
  }

  @Test("Bytes that are no UTF-8 are repaired")
  func invalidText() async throws {
    try await withExecutor { executor in
      let output = try await executor.run("printf", "a\\377b")
      #expect(output.standardOutput == "a\u{FFFD}b")
    }
  }

  @Test("The program has three descriptors, default signals, a group of its own, and / around it")
  func cleanStart() async throws {
    try await withExecutor { executor in
      // Of the shell itself. Its status is read without a child: while dash starts one it blocks
      // its signals.
      let output = try await executor.shell(
        """
        ls /proc/$$/fd
        while read -r line; do
          case $line in SigBlk*|SigIgn*|SigCgt*) echo "$line" ;; esac
        done </proc/$$/status
        ps -o pgid= -p $$; echo $$; pwd
        """
      )
      let lines = output.standardOutput.split(separator: "\n").map { $0.filter { $0 != " " } }
      #expect(lines.prefix(3) == ["0", "1", "2"])
      #expect(lines[3] == "SigBlk:\t0000000000000000")
      // glibc keeps 32 and 33 for itself and lets nobody change them.
      let ignored = try #require(UInt64(lines[4].dropFirst("SigIgn:\t".count), radix: 16))
      #expect(ignored & ~0x1_8000_0000 == 0)
      #expect(lines[6] == lines[7])
      #expect(lines[8] == "/")
    }
  }

  @Test("200 programs at once leave neither a descriptor nor a zombie behind")
  func many() async throws {
    let witness = Witness()
    let executor = CommandExecutor(limit: 64, outputLimit: 100, kill: witness.kill)
    try await withExecutor(executor) { executor in
      let descriptors = try openDescriptors()
      try await withThrowingTaskGroup(of: Bool.self) { group in
        for number in 0..<200 {
          group.addTask {
            try await executor.run("printf", "%s", "\(number)").standardOutput == "\(number)"
          }
        }
        for try await isRight in group { #expect(isRight) }
      }
      let isBack = try await descriptorsReturn(to: descriptors)
      #expect(isBack)
      #expect(Set(witness.processIDs).count == 201)
      #expect(witness.remaining == [])
    }
  }

  @Test("Commands beyond the limit wait their turn")
  func limit() async throws {
    try await withExecutor(CommandExecutor(limit: 2)) { executor in
      let start = ContinuousClock.now
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<4 { group.addTask { _ = try await executor.run("sleep", "0.2") } }
        try await group.waitForAll()
      }
      let elapsed = start.duration(to: .now)
      #expect(elapsed >= .milliseconds(400))
    }
  }

  @Test(
    "What cannot be started says why",
    arguments: [
      (Command("no-such-program"), .notFound(program: "no-such-program")),
      (Command("/no/such/program"), .notFound(program: "/no/such/program")),
      (Command(""), .notFound(program: "")),
      (
        Command("/etc/passwd"),
        .launchFailed(program: "/etc/passwd", reason: "Permission denied")
      ),
      (
        Command("true", ["a\0b"]),
        .launchFailed(
          program: "true",
          reason: "an argument has a NUL in it, or an environment variable has no proper name")
      ),
      (
        Command("true", environment: ["A=B": ""]),
        .launchFailed(
          program: "true",
          reason: "an argument has a NUL in it, or an environment variable has no proper name")
      ),
    ] as [(Command, CommandError)])
  func cannotStart(command: Command, error: CommandError) async throws {
    try await withExecutor { executor in
      await #expect(throws: error) {
        try await executor.run(command, deadline: .in(milliseconds: 10_000))
      }
    }
  }

  @Test("Cancelling the caller does not stop the program")
  func cancellation() async throws {
    try await withExecutor { executor in
      let output = try await withThrowingTaskGroup(of: CommandOutput.self) { group in
        group.addTask { try await executor.shell("sleep 0.2; echo done") }
        group.cancelAll()
        return try await group.next()
      }
      #expect(output?.standardOutput == "done\n")
    }
  }
}

internal import CLinux
internal import Glibc
internal import Linux
internal import SystemPackage

extension CommandExecutor {
  /// A command as the kernel wants it.
  struct Launch: Sendable {
    private static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    private let command: Command
    private let outputLimit: Int
    private let candidates: [String]
    private let environment: [String]

    /// Fails for what execve(2) would understand as something else: a NUL ends a string there.
    init(_ command: Command, outputLimit: Int) throws(CommandError) {
      var variables = ["PATH": Self.path, "LC_ALL": "C"]
      variables.merge(command.environment) { _, given in given }
      environment = variables.map { "\($0.key)=\($0.value)" }.sorted()
      let texts = [command.program] + command.arguments + environment
      let names = variables.keys
      guard !texts.contains(where: { $0.utf8.contains(0) }),
        !names.contains(where: { $0.isEmpty || $0.utf8.contains(UInt8(ascii: "=")) })
      else {
        // Without naming the offender, which may be a secret.
        throw .launchFailed(
          program: command.program,
          reason: "an argument has a NUL in it, or an environment variable has no proper name")
      }
      self.command = command
      self.outputLimit = outputLimit
      if command.program.utf8.contains(UInt8(ascii: "/")) {
        candidates = [command.program]
      } else if command.program.isEmpty {
        candidates = []
      } else {
        // An empty entry of PATH would be the current directory: never.
        candidates = variables["PATH", default: ""].split(separator: ":").map {
          "\($0)/\(command.program)"
        }
      }
    }

    /// Makes the pipes and forks.  Runs on the watcher's thread.
    func start() throws(SystemCallError) -> LaunchedChild {
      let (output, error, failure) = (
        try Descriptor.pipe(), try Descriptor.pipe(), try Descriptor.pipe()
      )
      for pipe in [output, error, failure] { try pipe.read.makeNonBlocking() }
      let childInput: Descriptor
      var ownInput: (bytes: [UInt8], pipe: Descriptor)?
      if command.input.isEmpty {
        childInput = try Descriptor.open("/dev/null", flags: O_RDONLY)
      } else {
        let input = try Descriptor.pipe()
        try input.write.makeNonBlocking()
        childInput = input.read
        ownInput = (command.input, input.write)
      }
      let processID = withExtendedLifetime((childInput, output, error, failure)) {
        fork(childInput, output.write, error.write, failure.write)
      }
      guard processID > 0 else {
        throw SystemCallError(
          call: "fork for", subject: command.program, errno: Errno(rawValue: -processID))
      }
      return LaunchedChild(
        processID: processID, input: ownInput,
        outputs: [
          (output.read, outputLimit), (error.read, outputLimit),
          (failure.read, MemoryLayout<Int32>.size),
        ])
    }

    private func fork(
      _ input: Descriptor, _ output: Descriptor, _ error: Descriptor, _ failure: Descriptor
    ) -> Int32 {
      unsafe withCStrings(candidates) { candidates in
        unsafe withCStrings([command.program] + command.arguments) { arguments in
          unsafe withCStrings(environment) { environment in
            var program = unsafe clinux_program(
              candidates: candidates, arguments: arguments, environment: environment,
              input_fd: input.number, output_fd: output.number, error_fd: error.number,
              failure_fd: failure.number, outlives: command.runsToItsEnd ? 1 : 0)
            return unsafe clinux_start_program(&program)
          }
        }
      }
    }

    /// What a child that has ended says: its output, or that it never became the program.
    func output(
      of termination: ChildTermination, _ outputs: [ChildOutput], duration: Duration
    ) throws(CommandError) -> CommandOutput {
      let failure = outputs[2].bytes
      if failure.count == MemoryLayout<Int32>.size {
        let errno = unsafe failure.withUnsafeBytes {
          unsafe Errno(rawValue: $0.load(as: Int32.self))
        }
        if errno == .noSuchFileOrDirectory { throw .notFound(program: command.program) }
        throw .launchFailed(program: command.program, reason: errno.description)
      }
      let how: CommandOutput.Termination =
        switch termination {
        case .exited(let code): .exited(code)
        case .signaled(let signal): .signaled(signal)
        }
      return CommandOutput(
        termination: how, standardOutput: text(outputs[0]), standardError: text(outputs[1]),
        duration: duration)
    }

    private func text(_ output: ChildOutput) -> String {
      String(decoding: output.bytes, as: UTF8.self) + (output.truncated ? "…[truncated]" : "")
    }
  }
}

/// Lends an array of C strings that ends with NULL.
private func withCStrings<Result>(
  _ strings: [String],
  _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
  var pointers = unsafe strings.map { unsafe strdup($0) }
  unsafe pointers.append(nil)
  defer {
    for index in unsafe pointers.indices { unsafe free(pointers[index]) }
  }
  return unsafe body(pointers)
}

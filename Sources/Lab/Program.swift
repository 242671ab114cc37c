import Glibc
import Linux

/// A program run to its end with as little around it as there can be: posix_spawn(3), no shell, one
/// pipe for what it prints.
///
/// Not Foundation's Process: on a busy machine it misses a child's end now and then (measured: the
/// child is a zombie, waitUntilExit() waits for ever).
public enum Program {
  /// How a program ended.
  public struct Output: Sendable {
    /// The exit code; of a program that a signal ended, the signal's number below zero.
    public var status: Int32
    /// What it printed, on standard output and standard error.
    public var text: String
  }

  /// Runs `arguments`, the first of which is looked up in PATH; fails with what it printed when it
  /// ends with a status that is not in `accepting`.
  @discardableResult
  public static func run(
    _ arguments: String..., accepting: Set<Int32> = [0]
  ) throws -> Output {
    try run(arguments, accepting: accepting)
  }

  /// The same for arguments that are in an array already.
  @discardableResult
  public static func run(_ arguments: [String], accepting: Set<Int32> = [0]) throws -> Output {
    let (child, pipe) = try start(arguments)
    var text: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(pipe.number, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      text += chunk[..<count]
    }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    let output = Output(
      status: status & 0x7f == 0 ? (status >> 8) & 0xff : -(status & 0x7f),
      text: String(decoding: text, as: UTF8.self))
    guard accepting.contains(output.status) else {
      throw LabError("\(arguments.joined(separator: " ")): \(output.status): \(output.text)")
    }
    return output
  }

  /// Starts a program that stays, with this environment and its output at the end of `log`. Whoever
  /// starts it waits for it.
  static func start(
    _ arguments: [String], environment: [String: String], log: String
  ) throws -> pid_t {
    guard let name = arguments.first else { throw LabError("no program to run") }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    return try spawn(name, arguments, &actions, environment: environment)
  }

  /// Starts the program; the child alone has the pipe's other end afterwards, so that its end is the
  /// end of what can be read.
  private static func start(_ arguments: [String]) throws -> (pid_t, Descriptor) {
    guard let name = arguments.first else { throw LabError("no program to run") }
    let pipe = try Descriptor.pipe()
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, pipe.write.number, 1)
    posix_spawn_file_actions_adddup2(&actions, pipe.write.number, 2)

    let child = try withExtendedLifetime(pipe) {
      try spawn(name, arguments, &actions, environment: nil)
    }
    return (child, pipe.read)
  }

  /// posix_spawnp(3); without an environment of its own the program has this one's.
  private static func spawn(
    _ name: String, _ arguments: [String], _ actions: inout posix_spawn_file_actions_t,
    environment: [String: String]?
  ) throws -> pid_t {
    var pointers = arguments.map { strdup($0) } + [nil]
    var variables = (environment ?? [:]).map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in pointers + variables { free(pointer) } }
    // The thread that runs this may have signals blocked, which the program would inherit.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var child: pid_t = 0
    let failure =
      environment == nil
      ? posix_spawnp(&child, name, &actions, &attributes, &pointers, environ)
      : posix_spawnp(&child, name, &actions, &attributes, &pointers, &variables)
    guard failure == 0 else { throw LabError("start \(name): errno \(failure)") }
    return child
  }
}

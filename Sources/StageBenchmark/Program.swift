import Glibc
import Lab

/// A program run to its end with as little around it as there can be: posix_spawn(3), no shell, one
/// pipe for what it prints.
enum Program {
  struct Output {
    var status: Int32
    var text: String
  }

  /// Runs `arguments`, the first of which is looked up in PATH; fails when it ends with a status that
  /// is not in `accepting`.
  @discardableResult
  static func run(_ arguments: String..., accepting: Set<Int32> = [0]) throws -> Output {
    let name = arguments[0]
    var pipe: [Int32] = [0, 0]
    guard Glibc.pipe(&pipe) == 0 else { throw LabError("pipe: errno \(errno)") }
    for end in pipe { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(pipe[0]) }

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, pipe[1], 1)
    posix_spawn_file_actions_adddup2(&actions, pipe[1], 2)

    var pointers = arguments.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    var child: pid_t = 0
    let failure = posix_spawnp(&child, name, &actions, nil, &pointers, environ)
    close(pipe[1])
    guard failure == 0 else { throw LabError("start \(name): errno \(failure)") }

    var text: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(pipe[0], &chunk, chunk.count)
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
}

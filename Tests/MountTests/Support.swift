import Command
import Glibc
import Linux
import Mount
import SystemPackage
import Testing

extension Mounts {
  /// Over the mounts of this machine.
  static var real: Mounts { Mounts(calls: IsolatedCalls()) }

  /// Over a written mount table.  What it would mount does not exist.
  static func withTable<Result>(
    _ lines: String, _ body: (Mounts) async throws -> Result
  ) async throws -> Result {
    let path = "/tmp/mount-table-\(UInt64.random(in: .min ... .max))"
    try Files.makeDirectories("\(path)/self", mode: 0o700)
    let text = lines.isEmpty ? "" : lines + "\n"
    try Files.replaceDurably("\(path)/self/mountinfo", with: Array(text.utf8), mode: 0o600)
    defer {
      _ = try? Files.unlink("\(path)/self/mountinfo")
      _ = try? Files.removeDirectory("\(path)/self")
      _ = try? Files.removeDirectory(path)
    }
    return try await body(Mounts(calls: IsolatedCalls(), procRoot: path))
  }
}

func soon(_ seconds: Int = 30) -> ContinuousClock.Instant { .now + .seconds(seconds) }

/// The code of the error that a call throws; nil when it throws none.
func code(of body: () async throws(MountError) -> Void) async -> MountError.Code? {
  do { try await body() } catch { return error.code }
  return nil
}

/// Some directories for mounts, whose names are as awkward as a name can be, and what is needed to put
/// mounts there.  When the test is over everything mounted below is unmounted and removed.
struct Playground {
  let root: String
  let mounts = Mounts.real
  private let calls = IsolatedCalls()

  static func run<Result>(_ body: (Playground) async throws -> Result) async throws -> Result {
    let playground = Playground(root: "/tmp/mount tests\\040\(UInt64.random(in: .min ... .max))")
    try Files.makeDirectories(playground.root, mode: 0o700)
    do {
      let result = try await body(playground)
      try await playground.clear()
      return result
    } catch {
      try await playground.clear()
      throw error
    }
  }

  /// Whether this process may mount and unmount here.
  static func isPermitted() async -> Bool {
    let permitted = try? await run { playground in
      let path = try playground.directory("probe")
      try await playground.mountTemporary(at: path)
      return true
    }
    return permitted ?? false
  }

  func directory(_ name: String) throws -> String {
    try Files.makeDirectories("\(root)/\(name)", mode: 0o700)
    return "\(root)/\(name)"
  }

  /// Mounts a tmpfs, past the code that is tested.
  func mountTemporary(at path: String, flags: UInt = 0) async throws {
    try await calls.mount(
      source: "tmpfs", target: path, type: "tmpfs", flags: flags, data: "size=1m", deadline: soon())
  }

  func top(_ path: String) throws -> MountInfo? { try mounts.table().mounts(at: path).last }

  private func clear() async throws {
    let end = ContinuousClock.now + .seconds(30)
    while let mount = try mounts.table().mounts.last(where: { $0.mountPoint.hasPrefix(root + "/") })
    {
      do {
        try await calls.unmount(mount.mountPoint, flags: 0, deadline: soon())
      } catch {
        // A child of another test, forked while a file was open here, holds it until it has closed
        // what is not its own.
        guard case .failed(let failure) = error, failure.errno == .resourceBusy,
          ContinuousClock.now < end
        else { throw error }
        try await Task.sleep(for: .milliseconds(20))
      }
    }
    try remove(root)
  }

  private func remove(_ directory: String) throws {
    for name in try Files.names(inDirectory: directory) {
      let path = "\(directory)/\(name)"
      if try Files.status(path)?.kind == .directory {
        try remove(path)
      } else {
        try Files.unlink(path)
      }
    }
    try Files.removeDirectory(directory)
  }
}

/// A loop device over a sparse file, with a file system on it.
struct LoopDevice {
  let path: String
  let number: DeviceNumber

  @discardableResult
  static func command(_ program: String, _ arguments: String...) async throws -> String {
    let executor = CommandExecutor()
    let service = Task { await executor.run() }
    defer { service.cancel() }
    var result: Swift.Result<CommandOutput, any Error>
    repeat {
      await Task.yield()
      do {
        result = .success(try await executor.run(Command(program, arguments), deadline: soon(60)))
      } catch {
        result = .failure(error)
      }
      // Until the service has come up.
    } while isNotRunning(result)
    let output = try result.get()
    guard output.succeeded else { throw Failure(text: "\(program) \(arguments): \(output)") }
    return output.standardOutput
  }

  private static func isNotRunning(_ result: Swift.Result<CommandOutput, any Error>) -> Bool {
    if case .failure(let error as CommandError) = result { error == .notRunning } else { false }
  }

  struct Failure: Error { let text: String }

  static func run<Result>(
    in playground: Playground, type: String = "ext4", _ body: (LoopDevice) async throws -> Result
  ) async throws -> Result {
    let image = "\(playground.root)/image-\(UInt64.random(in: .min ... .max))"
    let megabytes = type == "xfs" ? 320 : 16
    try await command("truncate", "-s", "\(megabytes)M", image)
    if type != "none" { try await command("mkfs.\(type)", "-q", image) }
    let printed = try await command("losetup", "--find", "--show", image)
    let path = String(printed.prefix { $0 != "\n" })
    let result: Swift.Result<Result, any Error>
    do {
      guard let number = try Files.status(path)?.representedDevice else {
        throw Failure(text: "no \(path)")
      }
      result = .success(try await body(LoopDevice(path: path, number: number)))
    } catch { result = .failure(error) }
    // What is mounted still keeps it until the playground is cleared.
    try await command("losetup", "--detach", path)
    return try result.get()
  }

  /// Whether this machine has loop devices to give and the programs to make file systems.
  static func isPermitted() async -> Bool {
    let permitted = try? await Playground.run { playground in
      try await run(in: playground) { _ in true }
    }
    return permitted ?? false
  }
}

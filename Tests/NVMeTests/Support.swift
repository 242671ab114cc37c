import Command
import Glibc
import Linux
import Synchronization
import SystemPackage

@testable import NVMe

let here = "/" + #filePath.split(separator: "/").dropLast().joined(separator: "/")

/// Below Fixtures: what Linux 6.1 and 6.12 and nvme-cli 2.3 said of a target of their own.
/// Recorded, then trimmed to what the driver reads; in `connect` the UUID of the stranger of the
/// recording is replaced by node-b's, so that a `HostIdentity` can stand for it.
func fixture(_ name: String) throws -> String {
  String(decoding: try Files.read("\(here)/Fixtures/\(name)", limit: 1 << 16), as: UTF8.self)
}

let volume = NQN(wellFormed: "nqn.2026-01.org.example:volume-1")
let empty = NQN(wellFormed: "nqn.2026-01.org.example:empty")
/// Whoever connected in the fixtures.
let nodeA = HostIdentity(nodeID: "node-a")
let nodeB = HostIdentity(nodeID: "node-b")

extension ContinuousClock.Instant {
  /// A deadline that no test means to reach.
  static var ample: Self { .now + .seconds(60) }
  /// One that the test means to reach.
  static var soon: Self { .now + .milliseconds(200) }
}

/// Does to the machine what a program would, and remembers what it was asked to run.
final class FakeRunner: CommandRunner {
  private let body: @Sendable (Command) throws -> CommandOutput
  private let ran = Mutex<[Command]>([])

  init(_ body: @escaping @Sendable (Command) throws -> CommandOutput) { self.body = body }

  /// One that no test expects to be used.
  convenience init() { self.init { throw CommandError.notFound(program: $0.program) } }

  var commands: [[String]] { ran.withLock { $0.map { [$0.program] + $0.arguments } } }

  func run(
    _ command: Command, deadline: ContinuousClock.Instant
  ) async throws(CommandError) -> CommandOutput {
    ran.withLock { $0.append(command) }
    do {
      return try body(command)
    } catch let error as CommandError {
      throw error
    } catch {
      throw .launchFailed(program: command.program, reason: "the fake failed: \(error)")
    }
  }
}

extension CommandOutput {
  static let success = CommandOutput(
    termination: .exited(0), standardOutput: "", standardError: "", duration: .zero)

  static func failure(_ text: String) -> CommandOutput {
    CommandOutput(
      termination: .exited(1), standardOutput: "", standardError: text, duration: .zero)
  }
}

/// A copy of a fixture's sysfs tree, for tests that change it.
final class Machine: Sendable {
  private let folder: String
  private let number = Atomic<Int>(0)
  let sysfs: NVMeSysfs

  init(_ fixture: String) throws {
    let temporary = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
    folder = "\(temporary)/nvme-tests-\(UInt64.random(in: .min ... .max))"
    sysfs = NVMeSysfs(root: "\(folder)/sys")
    try Files.makeDirectories(folder, mode: 0o700)
    try copy("\(here)/Fixtures/\(fixture)", to: sysfs.root)
    try write("", kernelLog)
    try write("", fabricsDevice)
    try Files.makeDirectories("\(sysfs.root)/class/nvme", mode: 0o700)
    for name in try Files.names(inDirectory: subsystem) where !name.dropFirst(4).contains("n") {
      if name.hasPrefix("nvme") { try link(name) }
    }
  }

  deinit { try? remove(folder) }

  var kernelLog: String { "\(folder)/kmsg" }
  var fabricsDevice: String { "\(folder)/nvme-fabrics" }
  var subsystem: String { "\(sysfs.root)/class/nvme-subsystem/nvme-subsys0" }

  func fabrics(_ runner: FakeRunner) -> Fabrics {
    fabrics(runner) { (_, _, _) async throws(IsolatedCallError) in }
  }

  /// `delete` is the kernel's part of deleting a controller.
  func fabrics(_ runner: FakeRunner = FakeRunner(), delete: @escaping Fabrics.Delete) -> Fabrics {
    Fabrics(
      sysfs: sysfs, runner: runner, kernelLog: kernelLog, fabricsDevice: fabricsDevice,
      delete: delete)
  }

  func read(_ path: String) throws -> String {
    String(decoding: try Files.read(path, limit: 1 << 16), as: UTF8.self)
  }

  func write(_ text: String, _ path: String) throws {
    try append(text, path, O_CREAT | O_TRUNC)
  }

  /// Takes a file or a directory away, in one step as the kernel does.
  func disappear(_ path: String) throws {
    let name = number.add(1, ordering: .relaxed).newValue
    try move(path, to: "\(folder)/gone-\(name)")
  }

  /// Brings a controller as `nvme connect` does.
  func addController(
    _ name: String, at portal: TransportAddress, as host: HostIdentity = nodeA,
    state: String = "live", ctrlLossTimeout: String = "off"
  ) throws {
    let path = "\(subsystem)/\(name)"
    try copy("\(here)/Fixtures/no-namespaces/class/nvme-subsystem/nvme-subsys0/nvme0", to: path)
    let address = "traddr=\(portal.address),trsvcid=\(portal.service),src_addr=192.0.2.9"
    for (attribute, text) in [
      ("transport", portal.transport.rawValue), ("address", address),
      ("subsysnqn", volume.rawValue), ("hostnqn", host.nqn.rawValue), ("hostid", "\(host.id)"),
      ("state", state), ("ctrl_loss_tmo", ctrlLossTimeout),
    ] { try write(text, "\(path)/\(attribute)") }
    try link(name)
  }

  /// The kernel says these lines, records of /dev/kmsg, now.
  func log(_ records: String) throws {
    try append(records, kernelLog, O_APPEND)
  }

  func move(_ path: String, to target: String) throws {
    guard unsafe rename(path, target) == 0 else { throw Errno(rawValue: errno) }
  }

  /// Without a word to the disk, unlike the driver's own files.
  private func append(_ text: String, _ path: String, _ flags: Int32) throws {
    let file = try Descriptor.open(path, flags: O_WRONLY | flags, mode: 0o600)
    let bytes = Array(text.utf8)
    let count = withExtendedLifetime(file) { unsafe Glibc.write(file.number, bytes, bytes.count) }
    guard count == bytes.count else { throw Errno(rawValue: errno) }
  }

  private func link(_ name: String) throws {
    try write("", "\(subsystem)/\(name)/rescan_controller")
    try write("", "\(subsystem)/\(name)/delete_controller")
    let path = "\(sysfs.root)/class/nvme/\(name)"
    try Files.unlink(path)
    try Files.symbolicLink(at: path, to: "\(subsystem)/\(name)")
  }

  private func copy(_ source: String, to target: String) throws {
    guard try Files.status(source)?.kind == .directory else {
      return try write(read(source), target)
    }
    try Files.makeDirectories(target, mode: 0o700)
    for name in try Files.names(inDirectory: source) {
      try copy("\(source)/\(name)", to: "\(target)/\(name)")
    }
  }

  private func remove(_ path: String) throws {
    guard try Files.status(path)?.kind == .directory else { return _ = try Files.unlink(path) }
    for name in try Files.names(inDirectory: path) { try remove("\(path)/\(name)") }
    try Files.removeDirectory(path)
  }
}

/// Something listens on a port of 127.0.0.1, but never takes a connection from its queue.
final class Listener: Sendable {
  private let socket: Descriptor
  private let clients = Mutex<[Descriptor]>([])
  let portal: TransportAddress

  init() throws {
    let socket = try Self.makeSocket(0)
    self.socket = socket
    var address = Self.loopback(0)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    _ = unsafe withUnsafeMutablePointer(to: &address) { address in
      unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe (
          bind(socket.number, $0, size), listen(socket.number, 0),
          getsockname(socket.number, $0, &size)
        )
      }
    }
    portal = try TransportAddress(
      "127.0.0.1:\(UInt16(bigEndian: address.sin_port))", transport: .tcp)
  }

  /// Fills the queue: from now on the kernel drops the SYNs of others, as a black hole does.
  func swallow() throws {
    var address = Self.loopback(UInt16(portal.service) ?? 0)
    for _ in 0..<8 {
      let client = try Self.makeSocket(SOCK_NONBLOCK.rawValue)
      _ = unsafe withUnsafePointer(to: &address) { address in
        unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe connect(client.number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      clients.withLock { $0.append(client) }
    }
  }

  private static func makeSocket(_ flags: UInt32) throws -> Descriptor {
    let number = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | flags), 0)
    guard number >= 0 else {
      throw FabricsError(code: .other, message: "no socket: errno \(errno)")
    }
    return Descriptor(owning: number)
  }

  private static func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
  }
}

/// A port of 127.0.0.1 on which nothing listens.
func closedPortal() throws -> TransportAddress {
  // Bound and freed again: the kernel does not give it to the next who asks for any.
  try Listener().portal
}

import Glibc
import Linux
import Synchronization
import SystemPackage

@testable import Backends

/// A directory that behaves as nvmet's configfs does: objects come with their attributes, a write to an
/// attribute that is not there fails, and the kernel's refusals are made (drivers/nvme/target/configfs.c
/// of Linux 6.1, checked against the real one by the lab's tests).
final class ImitatedConfigFS: ConfigFS {
  let root: String
  private let files: KernelConfigFS
  private let life: KillSwitch
  private let shared: Shared

  /// What outlives the driver: the kernel's own state.
  final class Shared: Sendable {
    struct State {
      var log: [String] = []
      /// Connections: `<host> <nqn> <port>`.
      var connections: Set<String> = []
      /// Paths at which a change waits until it is gone from here.
      var hanging: Set<String> = []
      /// Addresses with their services that the machine does not have.
      var absent: Set<String> = []
    }
    let state = Mutex(State())
    /// Held while an object comes or goes: the kernel lets nobody see half of one, nor link to it.
    let objects = Mutex(())
  }

  /// An empty target.
  init(_ root: String) throws {
    self.root = root
    files = KernelConfigFS(root: root)
    life = KillSwitch()
    shared = Shared()
    for group in ["subsystems", "ports", "hosts"] {
      try Files.makeDirectories("\(root)/\(group)", mode: 0o700)
    }
  }

  private init(_ other: ImitatedConfigFS, _ life: KillSwitch) {
    root = other.root
    files = other.files
    shared = other.shared
    self.life = life
  }

  /// The same target seen by another life of the driver.
  func seen(by life: KillSwitch) -> ImitatedConfigFS { ImitatedConfigFS(self, life) }

  /// What was changed since the last `takeLog`.
  var log: [String] { shared.state.withLock { $0.log } }

  /// What was changed since the last time this was asked.
  func takeLog() -> [String] {
    shared.state.withLock { state in
      defer { state.log = [] }
      return state.log
    }
  }

  // MARK: Hosts

  /// A host connects wherever the subsystem is exported, if it is let in.
  @discardableResult
  func connect(_ host: String, _ nqn: String) throws -> Bool {
    guard try files.exists("subsystems/\(nqn)/allowed_hosts/\(host)") else { return false }
    var connected = false
    for port in try files.names(in: "ports")
    where try files.exists("ports/\(port)/subsystems/\(nqn)") {
      shared.state.withLock { _ = $0.connections.insert("\(host) \(nqn) \(port)") }
      connected = true
    }
    return connected
  }

  func isConnected(_ host: String, _ nqn: String) -> Bool {
    shared.state.withLock { $0.connections.contains { $0.hasPrefix("\(host) \(nqn) ") } }
  }

  // MARK: Reading

  func names(in directory: String) throws(SystemCallError) -> [String] {
    try life.willLook("readdir", directory)
    return try files.names(in: directory)
  }

  func exists(_ path: String) throws(SystemCallError) -> Bool {
    try life.willLook("lstat", path)
    return try files.exists(path)
  }

  func read(_ attribute: String) throws(SystemCallError) -> String {
    try life.willLook("read", attribute)
    return try files.read(attribute)
  }

  // MARK: Changing

  func write(_ value: String, to attribute: String) throws(SystemCallError) {
    try change("write", attribute)
    guard try files.exists(attribute) else { throw refusal(.noSuchFileOrDirectory, attribute) }
    let parts = attribute.split(separator: "/").map(String.init)
    let name = parts[parts.count - 1]
    let object = parts.dropLast().joined(separator: "/")
    var value = value
    switch (parts[0], name) {
    case ("ports", _):
      guard try files.names(in: "\(object)/subsystems").isEmpty else {
        throw refusal(.permissionDenied, attribute)
      }
    case (_, "enable"):
      let path = try files.read("\(object)/device_path")
      if value == "1", try Files.status(path) == nil {
        throw refusal(.noSuchFileOrDirectory, attribute)
      }
    case (_, "revalidate_size"):
      guard try files.read("\(object)/enable") == "1" else {
        throw refusal(.invalidArgument, attribute)
      }
    case (_, "device_path"), (_, "device_uuid"), (_, "device_nguid"), (_, "buffered_io"):
      guard try files.read("\(object)/enable") == "0" else {
        throw refusal(.resourceBusy, attribute)
      }
      if name == "device_nguid" {
        for offset in [20, 16, 12, 8] {
          value.insert("-", at: value.index(value.startIndex, offsetBy: offset))
        }
      }
    case (_, "attr_serial"):
      guard value.utf8.count <= 20 else { throw refusal(.invalidArgument, attribute) }
      // The kernel shows all 20 bytes.
      value += String(repeating: " ", count: 20 - value.utf8.count)
    case (_, "attr_model"):
      guard value.utf8.count <= 40 else { throw refusal(.invalidArgument, attribute) }
    default: break
    }
    try store(value, attribute)
    log("write \(attribute) = \(value.split(separator: " ").joined(separator: " "))")
  }

  func makeDirectory(_ path: String) throws(SystemCallError) -> Bool {
    try change("mkdir", path)
    return try shared.objects.withLock { (_) throws(SystemCallError) in try make(path) }
  }

  private func make(_ path: String) throws(SystemCallError) -> Bool {
    guard try files.makeDirectory(path) else { return false }
    let parts = path.split(separator: "/")
    switch (parts.first, parts.count) {
    case ("subsystems", 2):
      try groups(path, "namespaces", "allowed_hosts")
      try attributes(
        path, ("attr_allow_any_host", "0"), ("attr_serial", "0123456789abcdef0123"),
        ("attr_model", "Linux"))
    case ("subsystems", 4) where parts[2] == "namespaces":
      try attributes(
        path, ("device_path", "(null)"), ("device_uuid", "11111111-2222-4333-8444-555555555555"),
        ("device_nguid", "00000000-0000-0000-0000-000000000000"), ("enable", "0"),
        ("buffered_io", "0"), ("revalidate_size", ""))
    case ("ports", 2):
      try groups(path, "subsystems")
      try attributes(
        path, ("addr_trtype", ""), ("addr_adrfam", ""), ("addr_traddr", ""), ("addr_trsvcid", ""))
    case ("hosts", 2):
      try attributes(path, ("dhchap_key", ""), ("dhchap_ctrl_key", ""))
    default:
      _ = try files.removeDirectory(path)
      throw refusal(.notPermitted, path)
    }
    log("mkdir \(path)")
    return true
  }

  func removeDirectory(_ path: String) throws(SystemCallError) -> Bool {
    try change("rmdir", path)
    return try shared.objects.withLock { (_) throws(SystemCallError) in try removeObject(path) }
  }

  private func removeObject(_ path: String) throws(SystemCallError) -> Bool {
    guard try files.exists(path) else { return false }
    let parts = path.split(separator: "/")
    switch (parts.first, parts.count) {
    case ("subsystems", 2):
      let nqn = parts[1]
      for port in try files.names(in: "ports")
      where try files.exists("ports/\(port)/subsystems/\(nqn)") {
        throw refusal(.resourceBusy, path)
      }
      guard try files.names(in: "\(path)/namespaces").isEmpty,
        try files.names(in: "\(path)/allowed_hosts").isEmpty
      else { throw refusal(.directoryNotEmpty, path) }
    case ("ports", 2):
      guard try files.names(in: "\(path)/subsystems").isEmpty else {
        throw refusal(.directoryNotEmpty, path)
      }
    case ("hosts", 2):
      for nqn in try files.names(in: "subsystems")
      where try files.exists("subsystems/\(nqn)/allowed_hosts/\(parts[1])") {
        throw refusal(.resourceBusy, path)
      }
    default: break
    }
    try removeTree("\(root)/\(path)")
    log("rmdir \(path)")
    return true
  }

  func link(_ path: String, to object: String) throws(SystemCallError) -> Bool {
    try change("symlink", path)
    return try shared.objects.withLock { (_) throws(SystemCallError) in
      try makeLink(path, to: object)
    }
  }

  private func makeLink(_ path: String, to object: String) throws(SystemCallError) -> Bool {
    guard try files.exists(object) else { throw refusal(.noSuchFileOrDirectory, object) }
    let parts = path.split(separator: "/").map(String.init)
    guard try !files.exists(path) else { return false }
    if parts[0] == "ports" {
      let port = "ports/\(parts[1])"
      if try files.names(in: "\(port)/subsystems").isEmpty { try listen(port) }
    } else if try files.read("subsystems/\(parts[1])/attr_allow_any_host") == "1" {
      throw refusal(.invalidArgument, path)
    }
    let made = try files.link(path, to: object)
    log("symlink \(path)")
    return made
  }

  func unlink(_ path: String) throws(SystemCallError) -> Bool {
    try change("unlink", path)
    guard try files.unlink(path) else { return false }
    let parts = path.split(separator: "/")
    if parts[0] == "ports" {
      shared.state.withLock { state in
        state.connections = state.connections.filter { !$0.hasSuffix(" \(parts[3]) \(parts[1])") }
      }
    }
    log("unlink \(path)")
    return true
  }

  /// Changes of this path wait in the kernel until they may go on.
  func hang(_ path: String) { shared.state.withLock { _ = $0.hanging.insert(path) } }
  func letGo(_ path: String) { shared.state.withLock { _ = $0.hanging.remove(path) } }

  /// Takes an address, such as `192.0.2.1:4420`, from the machine, or gives it back.
  func setAddress(_ address: String, isThere: Bool) {
    shared.state.withLock { state in
      if isThere { state.absent.remove(address) } else { state.absent.insert(address) }
    }
  }

  // MARK: The kernel's part

  private func change(_ call: String, _ path: String) throws(SystemCallError) {
    try life.willChange(call, path)
    while shared.state.withLock({ $0.hanging.contains(path) }) { usleep(1000) }
  }

  private func listen(_ port: String) throws(SystemCallError) {
    let address = try files.read("\(port)/addr_traddr") + ":" + files.read("\(port)/addr_trsvcid")
    guard try ["tcp", "rdma"].contains(files.read("\(port)/addr_trtype")) else {
      throw refusal(.invalidArgument, port)
    }
    guard !shared.state.withLock({ $0.absent.contains(address) }) else {
      throw refusal(.addressNotAvailable, port)
    }
    for other in try files.names(in: "ports") where "ports/\(other)" != port {
      let path = "ports/\(other)"
      guard try !files.names(in: "\(path)/subsystems").isEmpty,
        try files.read("\(path)/addr_traddr") + ":" + files.read("\(path)/addr_trsvcid") == address
      else { continue }
      throw refusal(.addressInUse, port)
    }
    log("listen \(address)")
  }

  private func groups(_ path: String, _ names: String...) throws(SystemCallError) {
    for name in names { _ = try files.makeDirectory("\(path)/\(name)") }
  }

  private func attributes(
    _ path: String, _ attributes: (String, String)...
  ) throws(SystemCallError) {
    for (name, value) in attributes { try store(value, "\(path)/\(name)") }
  }

  private func store(_ value: String, _ attribute: String) throws(SystemCallError) {
    // Whole at once, as a store_attribute() is, and gone with the machine, as all of configfs is.
    let half = "\(root).half-\(UInt64.random(in: .min ... .max))"
    do {
      let file = try FileDescriptor.open(
        FilePath(half), .writeOnly, options: [.create, .exclusiveCreate],
        permissions: .ownerReadWrite)
      _ = try file.closeAfter { try file.writeAll("\(value)\n".utf8) }
    } catch {
      throw refusal(error as? Errno ?? .ioError, attribute)
    }
    guard unsafe rename(half, "\(root)/\(attribute)") == 0 else {
      let reason = Errno(rawValue: errno)
      _ = try? Files.unlink(half)
      throw refusal(reason, attribute)
    }
  }

  private func log(_ line: String) { shared.state.withLock { $0.log.append(line) } }

  private func refusal(_ errno: Errno, _ path: String) -> SystemCallError {
    SystemCallError(call: "imitated", subject: path, errno: errno)
  }
}

extension ImitatedConfigFS {
  /// Everything that is there, attributes with their values, for comparing two targets.
  func contents() throws -> [String] {
    func walk(_ path: String) throws -> [String] {
      var lines: [String] = []
      for name in try Files.names(inDirectory: "\(root)\(path)") {
        let below = "\(path)/\(name)"
        switch try Files.status("\(root)\(below)")?.kind {
        case .directory: lines += [below + "/"] + (try walk(below))
        case .symbolicLink: lines.append(below + " ->")
        default: lines.append("\(below) = \(try files.read(String(below.dropFirst())))")
        }
      }
      return lines
    }
    return try walk("")
  }

  /// As after a reboot, or `nvmetcli clear`.
  func clear() throws {
    for group in ["subsystems", "ports", "hosts"] {
      try removeTree("\(root)/\(group)")
      try Files.makeDirectories("\(root)/\(group)", mode: 0o700)
    }
    shared.state.withLock { state in
      state.connections = []
      state.log = []
    }
  }
}

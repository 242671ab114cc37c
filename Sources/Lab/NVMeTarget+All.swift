public import Linux

extension NVMeTarget {
  /// The NQNs of all subsystems.
  public func subsystems() throws(SystemCallError) -> [String] {
    try Files.names(inDirectory: path("subsystems")).filter { !$0.hasSuffix(".discovery") }
  }

  /// Removes a subsystem wherever it is exported, with its bytes.
  public func deleteEverything(_ nqn: String) throws(SystemCallError) {
    for port in try Files.names(inDirectory: path("ports")) {
      if let port = Int(port) { try unexport(nqn, at: port) }
    }
    let namespaces = try Files.names(inDirectory: path("subsystems", nqn, "namespaces"))
    try deleteSubsystem(nqn)
    for namespace in namespaces {
      if let nsid = Int(namespace) { try Files.unlink(backingFile(nqn, nsid)) }
    }
  }

  /// Removes every port and every subsystem, as a reboot does. Their bytes stay.
  public func forgetEverything() throws(SystemCallError) {
    for port in try Files.names(inDirectory: path("ports")).compactMap({ Int($0) }) {
      for nqn in try exports(at: port) { try unexport(nqn, at: port) }
      try deletePort(port)
    }
    for nqn in try subsystems() { try deleteSubsystem(nqn) }
  }

  /// The NQNs of those who may connect to a subsystem.
  public func allowedHosts(_ nqn: String) throws(SystemCallError) -> [String] {
    try Files.names(inDirectory: path("subsystems", nqn, "allowed_hosts"))
  }

  /// The ports at these `address:port`, whoever made them.
  public func ports(at portals: [some StringProtocol]) throws -> [TargetVolume.Portal] {
    var found: [String: TargetVolume.Portal] = [:]
    for name in try Files.names(inDirectory: path("ports")) {
      guard let id = Int(name), let port = Int(try read("ports", name, "addr_trsvcid")) else {
        continue
      }
      let portal = TargetVolume.Portal(
        id: id, address: try read("ports", name, "addr_traddr"), port: port)
      found[portal.description] = portal
    }
    return try portals.map { portal in
      guard let port = found[String(portal)] else {
        throw LabError("the target has no port at \(portal)")
      }
      return port
    }
  }

  /// What a namespace's bytes are in.
  public func devicePath(_ nqn: String, _ nsid: Int = 1) throws -> String {
    try read("subsystems", nqn, "namespaces", String(nsid), "device_path")
  }

  private func read(_ components: String...) throws(SystemCallError) -> String {
    let bytes = try Files.read(([root] + components).joined(separator: "/"), limit: 4096)
    return String(decoding: bytes, as: UTF8.self).filter { !$0.isNewline }
  }
}

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

  /// Removes all that is configured, whoever made it, and no bytes: what a reboot of the target does,
  /// which hosts see as closed ports.
  public func loseEverything() throws(SystemCallError) {
    let subsystems = try subsystems()
    for port in try Files.names(inDirectory: path("ports")) {
      for nqn in subsystems { try Files.unlink(path("ports", port, "subsystems", nqn)) }
      try Files.removeDirectory(path("ports", port))
    }
    for nqn in subsystems { try deleteSubsystem(nqn) }
    for host in try Files.names(inDirectory: path("hosts")) {
      try Files.removeDirectory(path("hosts", host))
    }
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

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

  /// The NQNs of those who may connect to a subsystem.
  public func allowedHosts(_ nqn: String) throws(SystemCallError) -> [String] {
    try Files.names(inDirectory: path("subsystems", nqn, "allowed_hosts"))
  }
}

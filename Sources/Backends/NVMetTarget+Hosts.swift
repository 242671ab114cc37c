internal import Linux
internal import NVMe
internal import SystemPackage

extension NVMetTarget {
  /// Links a host, which other volumes may share, and makes it if it is not there.
  func allow(_ host: NQN, _ nqn: NQN) throws(SystemCallError) {
    guard try !fs.exists(allowed(host, nqn)) else { return }
    for attempt in 1...3 {
      _ = try fs.makeDirectory("hosts/\(host)")
      do throws(SystemCallError) {
        _ = try fs.link(allowed(host, nqn), to: "hosts/\(host)")
        return
      } catch  where error.errno == .noSuchFileOrDirectory && attempt < 3 {
        // Another volume has just forgotten the host, and was its last.
      }
    }
  }

  /// Whether a host is linked.
  func allows(_ host: NQN, _ nqn: NQN) throws(BackendError) -> Bool {
    try attempt("look for \(host) at \(nqn)") { () throws(SystemCallError) in
      try fs.exists(allowed(host, nqn))
    }
  }

  /// The names of the hosts that are linked.
  func hosts(_ nqn: NQN) throws(BackendError) -> [String] {
    try attempt("hosts of \(nqn)") { () throws(SystemCallError) in
      try fs.names(in: "\(subsystem(nqn))/allowed_hosts")
    }
  }

  /// Fails with `inUse` while a host is linked.
  func requireNoHosts(_ nqn: NQN) throws(BackendError) {
    let hosts = try hosts(nqn)
    guard hosts.isEmpty else {
      throw BackendError(
        .inUse, "subsystem \(nqn) is allowed to \(hosts.joined(separator: ", "))")
    }
  }

  /// Unlinks a host and removes it when it was the last link. Its controllers go on: see `sever`.
  func disallow(_ host: String, _ nqn: NQN) throws(BackendError) {
    let link = "\(subsystem(nqn))/allowed_hosts/\(host)"
    let isThere = try attempt("forget \(host) at \(nqn)") { () throws(SystemCallError) in
      _ = try fs.unlink(link)
      return try fs.exists(link)
    }
    guard !isThere else {
      throw BackendError(.failed, "\(host) is still allowed at \(nqn) after it was removed")
    }
    try removeUnused(host)
  }

  /// Removes a host that no volume, ours or another's, is linked to.
  func removeUnused(_ host: String) throws(BackendError) {
    try attempt("remove host \(host)") { () throws(SystemCallError) in
      try removeHost("hosts/\(host)")
    }
  }

  private func removeHost(_ path: String) throws(SystemCallError) {
    do throws(SystemCallError) {
      // Somebody who gave it a key wants it to stay.
      for key in ["dhchap_key", "dhchap_ctrl_key"] where try fs.exists("\(path)/\(key)") {
        guard try fs.read("\(path)/\(key)").isEmpty else { return }
      }
      _ = try fs.removeDirectory(path)
    } catch {
      // The kernel refuses as long as anything is linked to it, which is how we know.
      switch error.errno {
      case .resourceBusy, .directoryNotEmpty, .noSuchFileOrDirectory: return
      default: throw error
      }
    }
  }
}

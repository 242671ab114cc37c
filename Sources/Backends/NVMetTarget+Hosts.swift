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

  /// Fails with `inUse` while a host is linked.
  func requireNoHosts(_ nqn: NQN) throws(BackendError) {
    let hosts = try attempt("hosts of \(nqn)") { () throws(SystemCallError) in
      try fs.names(in: "\(subsystem(nqn))/allowed_hosts")
    }
    guard hosts.isEmpty else {
      throw BackendError(
        .inUse, "subsystem \(nqn) is allowed to \(hosts.joined(separator: ", "))")
    }
  }

  /// Unlinks a host and removes it when it was the last link. Its controllers go on: see `cut`.
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
  private func removeUnused(_ host: String) throws(BackendError) {
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

  /// Cuts every connection of a volume, after hosts were forgotten, so that those are out; hosts that
  /// are still allowed connect again by themselves.
  ///
  /// Which hosts are connected nobody can see in Linux 6.1 without debugfs, so it is done always.
  /// Unlinking a subsystem from a port shuts the sockets of all its controllers there
  /// (`nvmet_port_del_ctrls`) before it returns, and a forgotten host is refused from then on.
  ///
  /// With no host left the namespace is made anew too, which returns when every command that was under
  /// way has ended: nothing of a forgotten host is written afterwards. With hosts left the namespace
  /// stays, or they would lose their disk, and each port is linked again at once, before they retry: a
  /// host of Linux 6.10 or later drops its controller when it is told that there is no such subsystem.
  /// Then a command that the target has received from a forgotten host may still end after this returned.
  func cut(_ record: ExportRecord) throws(BackendError) {
    // A connect that was let in a moment ago is not among the controllers yet, and would be missed.
    settle()
    if record.hosts.isEmpty {
      _ = try withdraw(record.nqn)
      try removeNamespace(record.nqn)
      try prepare(record)
    } else {
      let ports = try attempt("ports of \(record.nqn)") { () throws(SystemCallError) in
        try linkedPorts(record.nqn)
      }
      for port in ports {
        try attempt("cut the connections of \(record.nqn) at port \(port)") {
          () throws(SystemCallError) in
          _ = try fs.unlink(link(record.nqn, port))
          _ = try fs.link(link(record.nqn, port), to: subsystem(record.nqn))
        }
      }
    }
    try publish([record]).first?.value.get()
    // Whoever forgot a host may have died before this.
    for host in record.cutting.map(\.rawValue).sorted() { try removeUnused(host) }
  }
}

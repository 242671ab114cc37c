internal import Linux
internal import NVMe

/// Keeping hosts out. What is here reads and changes configfs only, so that a node is shut out also of
/// a volume whose storage is gone or does not answer: nvmet serves an open file or device on and on.
/// Exporting anew is `prepare` and `publish`.
extension NVMetTarget {
  /// Unlinks every host that the record does not let in, and cuts what they and those that are to be
  /// cut have; when it returns they are proven to be out.
  func shutOut(_ record: ExportRecord) throws(BackendError) {
    try requireAvailable()
    // What is not there has no connections: they end before a subsystem can go.
    if try isOurs(record.nqn) {
      let strangers = try hosts(record.nqn).filter { name in
        !record.hosts.contains { $0.rawValue == name }
      }
      for stranger in strangers { try disallow(stranger, record.nqn) }
      if !strangers.isEmpty || !record.cutting.isEmpty { try sever(record) }
    }
    // Whoever forgot a host may have died before this.
    for host in record.cutting.map(\.rawValue).sorted() { try removeUnused(host) }
  }

  /// Takes a whole export away whose last host is to go and of which there is no record. The host's link
  /// goes after its connections, so that a retry after a kill finds what is still to be done.
  func shutDown(_ nqn: NQN) throws(BackendError) {
    _ = try withdraw(nqn)
    settle()
    try removeNamespace(nqn)
    try remove(nqn)
  }

  /// Cuts every connection of a volume, after hosts were forgotten, and exports it whole again.
  func cut(_ record: ExportRecord) throws(BackendError) {
    try sever(record)
    if record.hosts.isEmpty { try prepare(record) }
    try publish([record]).first?.value.get()
    for host in record.cutting.map(\.rawValue).sorted() { try removeUnused(host) }
  }

  /// Cuts every connection of a volume, after hosts were forgotten, so that those are out; hosts that
  /// are still allowed connect again by themselves.
  ///
  /// Which hosts are connected nobody can see in Linux 6.1 without debugfs, so it is done always.
  /// Unlinking a subsystem from a port shuts the sockets of all its controllers there
  /// (`nvmet_port_del_ctrls`) before it returns, and a forgotten host is refused from then on.
  ///
  /// With no host left the namespace goes too, which returns when every command that was under way has
  /// ended: nothing of a forgotten host is written afterwards. With hosts left the namespace stays, or
  /// they would lose their disk, and each port is linked again at once, before they retry: a host of
  /// Linux 6.10 or later drops its controller when it is told that there is no such subsystem. Then a
  /// command that the target has received from a forgotten host may still end after this returned.
  private func sever(_ record: ExportRecord) throws(BackendError) {
    // A connect that was let in a moment ago is not among the controllers yet, and would be missed.
    settle()
    guard !record.hosts.isEmpty else {
      _ = try withdraw(record.nqn)
      return try removeNamespace(record.nqn)
    }
    let ports = try attempt("ports of \(record.nqn)") { () throws(SystemCallError) in
      try linkedPorts(record.nqn)
    }
    for port in ports {
      try attempt("cut the connections of \(record.nqn) at port \(port)") {
        () throws(SystemCallError) in
        _ = try fs.unlink(link(record.nqn, port))
        // A port that cannot be had again keeps nobody in, and `publish` says why it cannot.
        _ = try? fs.link(link(record.nqn, port), to: subsystem(record.nqn))
      }
    }
  }
}

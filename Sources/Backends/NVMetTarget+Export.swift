internal import Linux
internal import NVMe
internal import SystemPackage

extension NVMetTarget {
  /// Makes everything of an export but its links at the ports: subsystem, namespace, hosts. A host
  /// that is linked and not in the record is unlinked; returns whether there was one, whose connections
  /// are to be cut.
  @discardableResult
  func prepare(_ record: ExportRecord) throws(BackendError) -> Bool {
    try requireAvailable()
    try makeSubsystem(record)
    try makeNamespace(record)
    let strangers = try attempt("hosts of \(record.nqn)") { () throws(SystemCallError) in
      for host in record.hosts.map(\.rawValue).sorted() {
        guard let host = try? NQN(host) else { continue }
        try allow(host, record.nqn)
      }
      return try fs.names(in: "\(subsystem(record.nqn))/allowed_hosts")
        .filter { name in !record.hosts.contains { $0.rawValue == name } }
    }
    for stranger in strangers { try disallow(stranger, record.nqn) }
    return !strangers.isEmpty
  }

  private func makeSubsystem(_ record: ExportRecord) throws(BackendError) {
    let path = subsystem(record.nqn)
    if try !isOurs(record.nqn) {
      _ = try attempt("make subsystem \(record.nqn)") { () throws(SystemCallError) in
        try fs.makeDirectory(path)
      }
    }
    try attempt("mark subsystem \(record.nqn)") { () throws(SystemCallError) in
      // Before anything else: it says whose the rest is.
      try set("\(path)/attr_model", to: mark.model)
      try set("\(path)/attr_serial", to: record.serial)
      try set("\(path)/attr_allow_any_host", to: "0")
    }
  }

  private func makeNamespace(_ record: ExportRecord) throws(BackendError) {
    let path = namespace(record.nqn)
    let action = "namespace of \(record.nqn) over \(record.path)"
    let isEnabled = try attempt(action) { () throws(SystemCallError) in
      _ = try fs.makeDirectory(path)
      return try fs.read("\(path)/enable") == "1"
    }
    guard !isEnabled else { return try requireSame(record) }
    let isDirect = try acceptsDirectIO(record)
    try attempt(action) { () throws(SystemCallError) in
      // Where the file system takes no O_DIRECT, nvmet cannot open the file without this.
      try set("\(path)/buffered_io", to: isDirect ? "0" : "1")
      try set("\(path)/device_path", to: record.path)
      try set("\(path)/device_uuid", to: record.uuid.description)
      if try NGUID(fs.read("\(path)/device_nguid")) != record.nguid {
        try fs.write(record.nguid.description, to: "\(path)/device_nguid")
      }
    }
    // Once more, all together: enabled with another identity, the namespace would be taken from every
    // host that has it open.
    try requireSame(record)
    try attempt("enable the \(action)") { () throws(SystemCallError) in
      try set("\(path)/enable", to: "1")
    }
  }

  /// Storage that is not there may be on its way, as a device is at boot.
  private func acceptsDirectIO(_ record: ExportRecord) throws(BackendError) -> Bool {
    do throws(SystemCallError) {
      return try Files.acceptsDirectIO(record.path)
    } catch {
      throw BackendError(
        error.errno == .noSuchFileOrDirectory ? .unavailable : .failed,
        "volume \(record.volume): its storage \(record.path) cannot be opened", cause: error)
    }
  }

  /// Fails with `broken` if the namespace serves something else than the record says. It is not put
  /// right: hosts may be writing to whatever it is.
  private func requireSame(_ record: ExportRecord) throws(BackendError) {
    let path = namespace(record.nqn)
    let found = try attempt("read namespace of \(record.nqn)") { () throws(SystemCallError) in
      (
        path: try fs.read("\(path)/device_path"), uuid: UUID(try fs.read("\(path)/device_uuid")),
        nguid: NGUID(try fs.read("\(path)/device_nguid"))
      )
    }
    guard found == (record.path, record.uuid, record.nguid) else {
      throw BackendError(
        .broken,
        "the namespace of \(record.nqn) serves \(found.path) as "
          + "\(found.uuid.map { "\($0)" } ?? "no UUID"), and should serve \(record.path) as "
          + "\(record.uuid): somebody changed it by hand. Stop its hosts, remove the subsystem, and "
          + "restart the driver")
    }
  }

  /// Tells connected hosts of the storage's new size. `revalidate_size` is refused by a namespace that
  /// is not enabled; one that is not learns the size when it is.
  func revalidateSize(_ nqn: NQN) throws(BackendError) {
    guard try isOurs(nqn) else { return }
    try attempt("revalidate the size of \(nqn)") { () throws(SystemCallError) in
      let path = namespace(nqn)
      guard try fs.exists(path), try fs.read("\(path)/enable") == "1" else { return }
      try fs.write("1", to: "\(path)/revalidate_size")
    }
  }

  /// Removes an export in reverse: ports, hosts, namespace, subsystem. Success when there is none. A
  /// port that it was at, or was to be at, goes with its last export.
  func remove(_ nqn: NQN, from portals: [TransportAddress] = []) throws(BackendError) {
    try requireAvailable()
    let isThere = try isOurs(nqn)
    let left = isThere ? try withdraw(nqn) : []
    let known = try attempt("look at the ports") { () throws(SystemCallError) in try addresses() }
    let ports =
      known.filter { portals.contains($0.value) }.keys.filter { !left.contains($0) } + left
    if isThere { try removeSubsystem(nqn) }
    // Also when an earlier life came to the subsystem and no further.
    for port in ports.sorted() { try removeIfUnused(port) }
  }

  private func removeSubsystem(_ nqn: NQN) throws(BackendError) {
    for host in try hosts(nqn) { try disallow(host, nqn) }
    try removeNamespace(nqn)
    let isThere = try attempt("remove subsystem \(nqn)") { () throws(SystemCallError) in
      _ = try fs.removeDirectory(subsystem(nqn))
      return try fs.exists(subsystem(nqn))
    }
    guard !isThere else {
      throw BackendError(.failed, "subsystem \(nqn) is still there after it was removed")
    }
  }

  /// Removes the namespace, and returns when every command that was under way on it has ended
  /// (`nvmet_ns_disable` waits for them).
  ///
  /// Not by `enable` first: newer kernels wait there with `nvmet_config_sem` held, and one storage that
  /// does not answer would stop the whole target. rmdir(2) holds nothing but this subsystem.
  func removeNamespace(_ nqn: NQN) throws(BackendError) {
    _ = try attempt("remove the namespace of \(nqn)") { () throws(SystemCallError) in
      try fs.removeDirectory(namespace(nqn))
    }
  }

  /// Why exports do not serve, one after another; nil for one that does. What keeps one from being looked
  /// at is its fault and no other's.
  func faults(of records: [ExportRecord]) throws(BackendError) -> [String?] {
    try requireAvailable()
    let ports = try attempt("look at the ports") { () throws(SystemCallError) in try addresses() }
    return records.map { record in
      do throws(BackendError) {
        return try fault(of: record, ports)
      } catch {
        return error.description
      }
    }
  }

  private func fault(
    of record: ExportRecord, _ ports: [Int: TransportAddress]
  ) throws(BackendError) -> String? {
    switch try ownership(of: record.nqn) {
    case .ours: break
    case .absent, .unmarked: return "it is not exported: there is no subsystem of ours"
    case .foreign(let model): return "its subsystem is somebody else's, of model '\(model)'"
    }
    return try attempt("look at \(record.nqn)") { () throws(SystemCallError) in
      let path = namespace(record.nqn)
      guard try fs.exists(path), try fs.read("\(path)/enable") == "1" else {
        return "its namespace is not enabled"
      }
      for portal in record.portals {
        var isLinked = false
        for (port, address) in ports where address == portal && !isLinked {
          isLinked = try fs.exists(link(record.nqn, port))
        }
        guard isLinked else { return "it is not exported at \(portal)" }
      }
      return nil
    }
  }
}

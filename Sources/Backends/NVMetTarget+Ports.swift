internal import Linux
internal import NVMe
internal import SystemPackage

extension NVMetTarget {
  func link(_ nqn: NQN, _ port: Int) -> String { "ports/\(port)/subsystems/\(nqn)" }

  /// The ports that export a subsystem.
  func linkedPorts(_ nqn: NQN) throws(SystemCallError) -> [Int] {
    var ports: [Int] = []
    for port in try portNumbers() where try fs.exists(link(nqn, port)) { ports.append(port) }
    return ports
  }

  /// The complete ports and where they are, whoever made them.
  func addresses() throws(SystemCallError) -> [Int: TransportAddress] {
    var addresses: [Int: TransportAddress] = [:]
    for port in try portNumbers() { addresses[port] = try address(of: port) }
    return addresses
  }

  /// The port of an address, whoever made it; of several the one that listens: two cannot.
  private func port(at portal: TransportAddress) throws(SystemCallError) -> Int? {
    let ports = try addresses().filter { $0.value == portal }.keys.sorted()
    if ports.count > 1 {
      for port in ports where try !fs.names(in: "ports/\(port)/subsystems").isEmpty { return port }
    }
    return ports.first
  }

  /// The addresses at which something is exported now, whoever made the ports.
  func listening() throws(BackendError) -> Set<TransportAddress> {
    try attempt("look at the ports") { () throws(SystemCallError) in
      var listening: Set<TransportAddress> = []
      for (port, address) in try addresses()
      where try !fs.names(in: "ports/\(port)/subsystems").isEmpty { listening.insert(address) }
      return listening
    }
  }

  /// Exports subsystems, all of them prepared, at their ports, or at those of some addresses; each one's
  /// success is its own.
  ///
  /// A port listens from its first subsystem on. Whoever asks it then for one that is not linked yet
  /// loses the controller (Linux 6.10 and later), so all ports are made before the first link, a port
  /// gets all its links in a row, one system call each, and volumes with hosts come first. The kernel
  /// links one at a time, so that a port that listens with some of them cannot be avoided.
  func publish(
    _ records: [ExportRecord], at wanted: Set<TransportAddress>? = nil
  ) -> [ObjectID: Result<Void, BackendError>] {
    var results: [ObjectID: Result<Void, BackendError>] = [:]
    for record in records { results[record.volume] = .success(()) }
    var portals: [TransportAddress] = []
    for portal in records.flatMap(\.portals)
    where wanted?.contains(portal) != false && !portals.contains(portal) {
      portals.append(portal)
    }
    var ports: [TransportAddress: Result<Int, BackendError>] = [:]
    for portal in portals {
      ports[portal] = Result { () throws(BackendError) in try makePort(at: portal) }
    }
    let inOrder = records.filter { !$0.hosts.isEmpty } + records.filter(\.hosts.isEmpty)
    for (portal, port) in portals.compactMap({ portal in ports[portal].map { (portal, $0) } }) {
      for record in inOrder where record.portals.contains(portal) {
        do throws(BackendError) {
          try export(record.nqn, at: portal, try port.get())
        } catch {
          results[record.volume] = .failure(error)
        }
      }
    }
    return results
  }

  /// Stops exporting a subsystem anywhere, which cuts its connections. Returns the ports it was at.
  func withdraw(_ nqn: NQN) throws(BackendError) -> [Int] {
    let (ports, left) = try attempt("stop exporting \(nqn)") { () throws(SystemCallError) in
      let ports = try linkedPorts(nqn)
      for port in ports { _ = try fs.unlink(link(nqn, port)) }
      return (ports, try linkedPorts(nqn))
    }
    guard left.isEmpty else {
      throw BackendError(.failed, "\(nqn) is still exported at \(left) after it was unlinked")
    }
    return ports
  }

  /// Removes a port of ours at which nothing is exported any more.
  func removeIfUnused(_ port: Int) throws(BackendError) {
    try attempt("remove port \(port)") { () throws(SystemCallError) in
      do throws(SystemCallError) {
        guard let address = try address(of: port), mark.portNumbers(address).contains(port) else {
          return
        }
        _ = try fs.removeDirectory("ports/\(port)")
      } catch {
        // Another volume is exported there, or has removed it.
        switch error.errno {
        case .resourceBusy, .directoryNotEmpty, .noSuchFileOrDirectory: return
        default: throw error
        }
      }
    }
  }

  private func export(
    _ nqn: NQN, at portal: TransportAddress, _ knownPort: Int
  ) throws(BackendError) {
    for attempt in 1...3 {
      let port = attempt == 1 ? knownPort : try makePort(at: portal)
      do throws(SystemCallError) {
        // False when it is there.
        _ = try fs.link(link(nqn, port), to: subsystem(nqn))
        return
      } catch {
        // Another volume has just left the port, and was its last.
        if error.errno == .noSuchFileOrDirectory, attempt < 3 { continue }
        let hint =
          error.errno == .addressInUse || error.errno == .addressNotAvailable
          ? ": is \(portal.address) an address of this machine, and does nothing else listen there?"
          : ""
        throw BackendError(
          error.errno == .canceled ? .timedOut : .failed,
          "export \(nqn) at \(portal) (port \(port))\(hint)", cause: error)
      }
    }
  }

  /// The port of an address; made if there is none.
  private func makePort(at portal: TransportAddress) throws(BackendError) -> Int {
    try requireTransport(portal)
    let port = try attempt("make a port at \(portal)") { () throws(SystemCallError) -> Int? in
      if let port = try self.port(at: portal) { return port }
      for number in mark.portNumbers(portal) where try claim(number, for: portal) { return number }
      return nil
    }
    guard let port else {
      throw BackendError(
        .failed, "make a port at \(portal): all of \(mark.portNumbers(portal)) are taken by others")
    }
    return port
  }

  /// Makes the port of this number, or finds that it is at the address already; false: it is at another.
  /// A second port at an address could never listen, so whoever makes one at the same time is joined.
  private func claim(
    _ port: Int, for portal: TransportAddress
  ) throws(SystemCallError) -> Bool {
    for attempt in 1...3 {
      do throws(SystemCallError) {
        // With an address it is complete. Without, it is ours, by another volume that makes it now or by
        // whoever died before giving it one.
        if try !fs.makeDirectory("ports/\(port)"),
          try !fs.read("ports/\(port)/addr_traddr").isEmpty
        {
          return try address(of: port) == portal
        }
        try configure(port, portal)
        return true
      } catch  where error.errno == .noSuchFileOrDirectory && attempt < 3 {
        // Removed with the last volume that was there.
        continue
      }
    }
    return false
  }

  private func configure(_ port: Int, _ portal: TransportAddress) throws(SystemCallError) {
    do throws(SystemCallError) {
      try set("ports/\(port)/addr_trtype", to: portal.transport.rawValue)
      try set("ports/\(port)/addr_adrfam", to: portal.address.contains(":") ? "ipv6" : "ipv4")
      try set("ports/\(port)/addr_trsvcid", to: portal.service)
      // Last: with it the port is complete.
      try set("ports/\(port)/addr_traddr", to: portal.address)
    } catch  where error.errno == .permissionDenied {
      // It listens: another volume was quicker, and has given it the same address.
      guard try address(of: port) == portal else { throw error }
    }
  }

  private func requireTransport(_ portal: TransportAddress) throws(BackendError) {
    guard portal.transport != .loop else {
      throw BackendError(.invalid, "portal \(portal): nvmet's loop transport has no address")
    }
  }

  private func portNumbers() throws(SystemCallError) -> [Int] {
    try fs.names(in: "ports").compactMap { Int($0) }.sorted()
  }

  /// Where a port is; nil for one that is not complete, is gone, or speaks what we do not.
  private func address(of port: Int) throws(SystemCallError) -> TransportAddress? {
    do throws(SystemCallError) {
      let path = "ports/\(port)"
      guard let transport = Transport(rawValue: try fs.read("\(path)/addr_trtype")) else {
        return nil
      }
      let family = try fs.read("\(path)/addr_adrfam")
      let address = try fs.read("\(path)/addr_traddr")
      let service = try fs.read("\(path)/addr_trsvcid")
      guard family == (address.contains(":") ? "ipv6" : "ipv4") else { return nil }
      let text = address.contains(":") ? "[\(address)]:\(service)" : "\(address):\(service)"
      return try? TransportAddress(text, transport: transport)
    } catch  where error.errno == .noSuchFileOrDirectory {
      return nil
    }
  }
}

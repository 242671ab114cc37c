public import Linux

/// One volume at the lab's target: a subsystem with one namespace, exported at some ports.
public struct TargetVolume: Sendable {
  /// A portal of the lab: a loopback address of its own.
  public struct Portal: Hashable, Sendable {
    /// The port's id in configfs.
    public let id: Int
    /// `127.0.0.2`
    public let address: String
    /// The TCP port.
    public let port: Int

    /// `127.0.0.<1 + id>:4420`, which every loopback interface answers.
    public init(_ id: Int) { self.init(id: id, address: "127.0.0.\(1 + id)", port: 4420) }

    init(id: Int, address: String, port: Int) {
      self.id = id
      self.address = address
      self.port = port
    }

    /// At an address of the caller's choice.
    public init(_ id: Int, address: String, port: Int = 4420) {
      self.init(id: id, address: address, port: port)
    }

    /// `127.0.0.2:4420`
    public var description: String { "\(address):\(port)" }
  }

  /// Where it is.
  public let target: NVMeTarget
  /// The volume id.
  public let name: String
  /// Where it is exported.
  public let portals: [Portal]
  /// The namespace's.
  public let uuid: String

  /// `nqn.2024-01.io.example:<name>`, or what its maker chose.
  public let nqn: String

  /// The file behind the namespace.
  public let backingFile: String

  /// What NodeStageVolume gets as the volume context.
  public let context: [String: String]

  /// Creates the volume and exports it to `host`.
  public init(
    _ target: NVMeTarget, name: String, number: Int, size: UInt64, host: String,
    portals: [Portal] = [Portal(1)]
  ) throws(SystemCallError) {
    let digits = String(number)
    self.init(
      existing: target, name: name,
      uuid: "5ca1ab1e-0000-4000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits,
      portals: portals)
    try create(size: size, hosts: [host])
  }

  /// The volume of this name, there or not.
  init(existing target: NVMeTarget, name: String, uuid: String, portals: [Portal]) {
    self.init(
      target: target, name: name, portals: portals, uuid: uuid,
      nqn: "nqn.2024-01.io.example:\(name)",
      backingFile: target.backingFile("nqn.2024-01.io.example:\(name)"))
  }

  /// A volume that somebody else made, by its volume context. Its ports are looked up at the target.
  public init(
    _ target: NVMeTarget, name: String, madeAs context: [String: String]
  ) throws {
    guard let nqn = context["nqn"], let uuid = context["uuid"], let portals = context["portals"]
    else { throw LabError("volume \(name) has the context \(context)") }
    self.init(
      target: target, name: name, portals: try target.ports(at: portals.split(separator: ",")),
      uuid: uuid, nqn: nqn, backingFile: try target.devicePath(nqn), context: context)
  }

  /// Makes the subsystem and exports it; bytes that are there are kept.
  func create(size: UInt64, hosts: [String]) throws(SystemCallError) {
    try target.createSubsystem(nqn, serial: name)
    try target.createNamespace(nqn, size: size, identity: .init(uuid: uuid))
    for host in hosts { try target.allow(host, nqn) }
    for portal in portals {
      try target.createPort(portal.id, address: portal.address, port: portal.port)
      try target.export(nqn, at: portal.id)
    }
  }

  /// Another name for a namespace of this volume's subsystem.
  public func twin(name: String, uuid: String) -> TargetVolume {
    TargetVolume(
      target: target, name: name, portals: portals, uuid: uuid, nqn: nqn,
      backingFile: backingFile)
  }

  private init(
    target: NVMeTarget, name: String, portals: [Portal], uuid: String, nqn: String,
    backingFile: String, context: [String: String]? = nil
  ) {
    self.backingFile = backingFile
    self.context =
      context ?? [
        "nqn": nqn, "portals": portals.map(\.description).joined(separator: ","), "uuid": uuid,
      ]
    self.target = target
    self.name = name
    self.portals = portals
    self.uuid = uuid
    self.nqn = nqn
  }

  /// Stops exporting the volume: its hosts' controllers lose their connections. When no other volume
  /// is at the portal its socket closes and hosts see "connection refused".
  public func portDown(_ portal: Portal? = nil) throws(SystemCallError) {
    for portal in portal.map({ [$0] }) ?? portals { try target.unexport(nqn, at: portal.id) }
  }

  /// Exports the volume again.
  public func portUp(_ portal: Portal? = nil) throws(SystemCallError) {
    for portal in portal.map({ [$0] }) ?? portals { try target.export(nqn, at: portal.id) }
  }

  /// Removes the subsystem and makes it anew over the same bytes, as a target that lost its
  /// configuration would, with the same identity or with another. Exported by `portUp`.
  public func recreate(uuid: String? = nil, host: String) throws(SystemCallError) {
    try target.deleteSubsystem(nqn)
    try target.createSubsystem(nqn, serial: name)
    try target.createNamespace(nqn, size: 0, identity: .init(uuid: uuid ?? self.uuid))
    try target.allow(host, nqn)
  }

  /// Changes the volume's size and tells the hosts.
  public func resize(to bytes: UInt64) throws(SystemCallError) {
    try target.resize(nqn, to: bytes)
  }

  /// Removes everything that was made for the volume, its bytes included. Ports stay for others.
  public func delete() throws(SystemCallError) {
    for portal in portals { try target.unexport(nqn, at: portal.id) }
    try target.deleteSubsystem(nqn)
    try Files.unlink(backingFile)
  }
}

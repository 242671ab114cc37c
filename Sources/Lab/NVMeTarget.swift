public import Linux

/// The kernel's NVMe target (nvmet) on this machine, driven through configfs.
///
/// For the lab only: it owns every subsystem, port and backing file it makes, names nothing else, and
/// its verbs are the faults that the tests inject. See Documentation/nvme in the kernel for the tree.
public struct NVMeTarget: Sendable {
  let root: String
  let backingDirectory: String

  /// `root` is nvmet's configfs directory. Backing files are sparse and lie in `backingDirectory`.
  public init(
    root: String = "/sys/kernel/config/nvmet", backingDirectory: String = "/run/lab/volumes"
  ) throws(SystemCallError) {
    self.root = root
    self.backingDirectory = backingDirectory
    try Files.makeDirectories(backingDirectory, mode: 0o700)
  }

  func path(_ components: String...) -> String { ([root] + components).joined(separator: "/") }

  func set(_ value: String, _ components: String...) throws(SystemCallError) {
    try Files.writeAttribute(value, to: ([root] + components).joined(separator: "/"))
  }

  // MARK: Ports

  /// Makes port `id` listen at `address:port` once a subsystem is linked to it.
  public func createPort(_ id: Int, address: String, port: Int) throws(SystemCallError) {
    let name = String(id)
    guard try Files.status(path("ports", name)) == nil else { return }
    try Files.makeDirectories(path("ports", name), mode: 0o755)
    try set("tcp", "ports", name, "addr_trtype")
    try set(address.contains(":") ? "ipv6" : "ipv4", "ports", name, "addr_adrfam")
    try set(address, "ports", name, "addr_traddr")
    try set(String(port), "ports", name, "addr_trsvcid")
  }

  /// Removes a port that has no subsystem any more.
  public func deletePort(_ id: Int) throws(SystemCallError) {
    try Files.removeDirectory(path("ports", String(id)))
  }

  /// Exports the subsystem at the port. The first one opens the port's socket.
  public func export(_ nqn: String, at port: Int) throws(SystemCallError) {
    let link = path("ports", String(port), "subsystems", nqn)
    guard try Files.status(link) == nil else { return }
    try Files.symbolicLink(at: link, to: path("subsystems", nqn))
  }

  /// Stops exporting the subsystem at the port and cuts its connections there; every host sees its
  /// controllers go to `connecting`. With the last one the port's socket closes.
  public func unexport(_ nqn: String, at port: Int) throws(SystemCallError) {
    try Files.unlink(path("ports", String(port), "subsystems", nqn))
  }

  /// The subsystems exported at a port now.
  public func exports(at port: Int) throws(SystemCallError) -> [String] {
    try Files.names(inDirectory: path("ports", String(port), "subsystems")).sorted()
  }

  // MARK: Subsystems

  /// A namespace to serve: where its bytes are and who it is.
  public struct NamespaceIdentity: Sendable {
    /// The namespace's `device_uuid`.
    public var uuid: String
    /// The namespace's `device_nguid`; empty leaves the kernel's.
    public var nguid: String

    /// A namespace with this identity.
    public init(uuid: String, nguid: String = "") {
      self.uuid = uuid
      self.nguid = nguid
    }
  }

  /// The file behind a namespace.
  public func backingFile(_ nqn: String, _ nsid: Int = 1) -> String {
    "\(backingDirectory)/\(nqn.replacing(":", with: "_")).\(nsid).img"
  }

  /// Creates a subsystem that allows nobody yet.
  public func createSubsystem(_ nqn: String, serial: String) throws(SystemCallError) {
    try Files.makeDirectories(path("subsystems", nqn), mode: 0o755)
    try set("0", "subsystems", nqn, "attr_allow_any_host")
    try set(serial, "subsystems", nqn, "attr_serial")
  }

  /// Adds a namespace over its backing file, made with `size` bytes unless it is there, and enables it.
  public func createNamespace(
    _ nqn: String, _ nsid: Int = 1, size: UInt64, identity: NamespaceIdentity
  ) throws(SystemCallError) {
    let file = backingFile(nqn, nsid)
    if try Files.status(file) == nil { try SparseFile.resize(file, to: size) }
    let namespace = String(nsid)
    try Files.makeDirectories(path("subsystems", nqn, "namespaces", namespace), mode: 0o755)
    // The backing file lies on tmpfs, which has no O_DIRECT.
    try set("1", "subsystems", nqn, "namespaces", namespace, "buffered_io")
    try set(file, "subsystems", nqn, "namespaces", namespace, "device_path")
    try set(identity.uuid, "subsystems", nqn, "namespaces", namespace, "device_uuid")
    if !identity.nguid.isEmpty {
      try set(identity.nguid, "subsystems", nqn, "namespaces", namespace, "device_nguid")
    }
    try set("1", "subsystems", nqn, "namespaces", namespace, "enable")
  }

  /// Disables and removes a namespace; its backing file stays.
  public func deleteNamespace(_ nqn: String, _ nsid: Int = 1) throws(SystemCallError) {
    let namespace = path("subsystems", nqn, "namespaces", String(nsid))
    guard try Files.status(namespace) != nil else { return }
    try Files.writeAttribute("0", to: namespace + "/enable")
    try Files.removeDirectory(namespace)
  }

  /// Removes a subsystem with its namespaces and hosts; backing files stay.
  public func deleteSubsystem(_ nqn: String) throws(SystemCallError) {
    guard try Files.status(path("subsystems", nqn)) != nil else { return }
    for namespace in try Files.names(inDirectory: path("subsystems", nqn, "namespaces")) {
      if let nsid = Int(namespace) { try deleteNamespace(nqn, nsid) }
    }
    for host in try Files.names(inDirectory: path("subsystems", nqn, "allowed_hosts")) {
      try disallow(host, nqn)
    }
    try Files.removeDirectory(path("subsystems", nqn))
  }

  /// Makes the namespace's file `bytes` long and tells the connected hosts.
  public func resize(_ nqn: String, _ nsid: Int = 1, to bytes: UInt64) throws(SystemCallError) {
    try SparseFile.resize(backingFile(nqn, nsid), to: bytes)
    try set("1", "subsystems", nqn, "namespaces", String(nsid), "revalidate_size")
  }

  // MARK: Hosts

  /// Lets the host connect.
  public func allow(_ hostNQN: String, _ nqn: String) throws(SystemCallError) {
    try Files.makeDirectories(path("hosts", hostNQN), mode: 0o755)
    let link = path("subsystems", nqn, "allowed_hosts", hostNQN)
    guard try Files.status(link) == nil else { return }
    try Files.symbolicLink(at: link, to: path("hosts", hostNQN))
  }

  /// Lets the host connect no more. Live controllers go on (measured on 6.1): cut them as well.
  public func disallow(_ hostNQN: String, _ nqn: String) throws(SystemCallError) {
    try Files.unlink(path("subsystems", nqn, "allowed_hosts", hostNQN))
  }
}

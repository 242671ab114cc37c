internal import Glibc
public import Linux
internal import SystemPackage

/// NVMe as sysfs shows it.  Every call reads anew; what disappears while it is read is left out.
///
/// Kernel source: drivers/nvme/host/core.c and multipath.c, the attribute groups.
public struct NVMeSysfs: Sendable {
  /// Where sysfs is mounted.
  public let root: String

  /// Reads below this root.
  public init(root: String = "/sys") { self.root = root }

  /// Every subsystem.
  public func subsystems() throws(SystemCallError) -> [Subsystem] {
    var subsystems: [Subsystem] = []
    let all = "\(root)/class/nvme-subsystem"
    for name in try names(in: all) {
      let path = "\(all)/\(name)"
      guard let nqn = try text("\(path)/subsysnqn") else { continue }
      subsystems.append(try subsystem(name, nqn, at: path))
    }
    return subsystems
  }

  /// The subsystems with this NQN: one, but for a moment while one goes and another comes.
  public func subsystem(nqn: NQN) throws(SystemCallError) -> [Subsystem] {
    var subsystems: [Subsystem] = []
    let all = "\(root)/class/nvme-subsystem"
    for name in try names(in: all) {
      let path = "\(all)/\(name)"
      guard try text("\(path)/subsysnqn") == nqn.rawValue else { continue }
      subsystems.append(try subsystem(name, nqn.rawValue, at: path))
    }
    return subsystems
  }

  /// The namespace behind a device number; nil when there is none or it is no NVMe namespace.
  public func namespace(device: DeviceNumber) throws(SystemCallError) -> Namespace? {
    try subsystems().flatMap(\.namespaces).first { $0.device == device }
  }

  /// Who is behind a device number now: one attribute, however many namespaces there are.  nil when
  /// nobody is, or no NVMe namespace.
  public func wwid(of device: DeviceNumber) throws(SystemCallError) -> String? {
    try text("\(root)/dev/block/\(device)/wwid")
  }

  /// The controller with this name; nil when there is none.
  func controller(_ name: String) throws(SystemCallError) -> Controller? {
    try controller(name, at: "\(root)/class/nvme/\(name)")
  }

  private func subsystem(
    _ name: String, _ nqn: String, at path: String
  ) throws(SystemCallError) -> Subsystem {
    var controllers: [Controller] = []
    var heads: [String] = []
    var reached: Set<String> = []
    var namespaces: [Namespace] = []
    for entry in try names(in: path) {
      if Self.isNamespace(entry) {
        heads.append(entry)
      } else if Self.isController(entry) {
        let controllerPath = "\(path)/\(entry)"
        if let controller = try controller(entry, at: controllerPath) {
          controllers.append(controller)
        }
        // Without native multipath a disk belongs to its controller; with it only hidden ones do.
        for disk in try names(in: controllerPath) {
          if let head = Self.head(ofPath: disk) {
            reached.insert(head)
          } else if Self.isNamespace(disk),
            let namespace = try namespace(disk, at: "\(controllerPath)/\(disk)", hasPath: true)
          {
            namespaces.append(namespace)
          }
        }
      }
    }
    for head in heads {
      let hasPath = reached.contains(head)
      if let namespace = try namespace(head, at: "\(path)/\(head)", hasPath: hasPath) {
        namespaces.append(namespace)
      }
    }
    return Subsystem(name: name, nqn: nqn, controllers: controllers, namespaces: namespaces)
  }

  private func controller(_ name: String, at path: String) throws(SystemCallError) -> Controller? {
    let transport = try text("\(path)/transport")
    let nqn = try text("\(path)/subsysnqn")
    let hostNQN = try text("\(path)/hostnqn")
    let hostID = try text("\(path)/hostid")
    let ctrlLossTimeout = try text("\(path)/ctrl_loss_tmo").flatMap { Int($0) }
    var address: [String: String] = [:]
    for part in (try text("\(path)/address") ?? "").split(separator: ",") {
      let pair = part.split(separator: "=", maxSplits: 1)
      if pair.count == 2 { address[String(pair[0])] = String(pair[1]) }
    }
    // The kernel removes `state` before the host's attributes: whoever still has it was whole, and a
    // controller on its way out is not taken for a stranger's.
    guard let state = try text("\(path)/state"), let transport, let nqn else { return nil }
    return Controller(
      name: name, state: Controller.State(rawValue: state) ?? .unknown, transport: transport,
      address: address, subsystemNQN: nqn, hostNQN: hostNQN ?? "", hostID: hostID ?? "",
      ctrlLossTimeout: ctrlLossTimeout)
  }

  private func namespace(
    _ name: String, at path: String, hasPath: Bool
  ) throws(SystemCallError) -> Namespace? {
    guard let nsid = try text("\(path)/nsid").flatMap({ UInt32($0) }),
      let device = try text("\(path)/dev").flatMap({ DeviceNumber($0) }),
      let sectors = try text("\(path)/size").flatMap({ UInt64($0) })
    else { return nil }
    let nguid = try text("\(path)/nguid").flatMap { NGUID($0) }
    let shown = try text("\(path)/uuid").flatMap { UUID($0) }
    // Read after the others, since the kernel removes it before them: they were whole if it is there.
    guard let wwid = try text("\(path)/wwid") else { return nil }
    // For a namespace without a UUID the kernel shows its NGUID in `uuid`, but never in `wwid`.  To
    // compare the two would not do: SPDK gives a namespace the same bytes for both.
    let uuid = wwid.hasPrefix("uuid.") ? shown : nil
    return Namespace(
      name: name, nsid: nsid, uuid: uuid, nguid: nguid, wwid: wwid,
      device: device, size: sectors * 512,
      diskSequence: try text("\(path)/diskseq").flatMap { UInt64($0) },
      holders: try names(in: "\(path)/holders"), hasPath: hasPath,
      removalDelay: try text("\(path)/delayed_removal_secs").flatMap { UInt32($0) })
  }

  /// `nvme0`
  private static func isController(_ name: String) -> Bool {
    name.hasPrefix("nvme") && isNumber(name.dropFirst(4))
  }

  /// `nvme0n1`, and not the hidden path device `nvme0c0n1`.
  private static func isNamespace(_ name: String) -> Bool {
    guard name.hasPrefix("nvme") else { return false }
    let parts = name.dropFirst(4).split(separator: "n", omittingEmptySubsequences: false)
    return parts.count == 2 && parts.allSatisfy { isNumber($0) }
  }

  /// The head that a hidden path device leads to: `nvme0n2` of `nvme0c1n2`.
  private static func head(ofPath name: String) -> String? {
    guard name.hasPrefix("nvme") else { return nil }
    let parts = name.dropFirst(4).split(separator: "c", omittingEmptySubsequences: false)
    guard parts.count == 2, isNumber(parts[0]) else { return nil }
    let path = parts[1].split(separator: "n", omittingEmptySubsequences: false)
    guard path.count == 2, path.allSatisfy({ isNumber($0) }) else { return nil }
    return "nvme\(parts[0])n\(path[1])"
  }

  private static func isNumber(_ text: Substring) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
  }

  private func names(in directory: String) throws(SystemCallError) -> [String] {
    do {
      return try Files.names(inDirectory: directory)
    } catch  where Self.isGone(error) {
      return []
    }
  }

  /// An attribute without its newline; nil when it, or its device, is not there.
  private func text(_ path: String) throws(SystemCallError) -> String? {
    do {
      var text = String(decoding: try Files.read(path, limit: 4096), as: UTF8.self)
      while text.hasSuffix("\n") || text.hasSuffix(" ") { text.removeLast() }
      return text
    } catch  where Self.isGone(error) {
      return nil
    }
  }

  /// What the kernel says of an attribute whose device has gone, before or after it was opened.
  static func isGone(_ error: SystemCallError) -> Bool {
    let gone: [Errno] = [
      .noSuchFileOrDirectory, .notDirectory, Errno(rawValue: ENODEV), .noSuchAddressOrDevice,
    ]
    return gone.contains(error.errno)
  }
}

internal import NVMe

/// Where a volume's data is and how to reach it: the volume context, checked.
struct VolumeSource: Hashable, Sendable {
  /// The subsystem.
  var nqn: NQN
  /// One or more portals; several make native multipath.
  var portals: [TransportAddress]
  /// The namespace in the subsystem.
  var nsid: UInt32
  /// The namespace's UUID, where the volume's maker knows it.
  var uuid: UUID?
  /// The namespace's NGUID, where the volume's maker knows it.
  var nguid: NGUID?
  /// How the kernel keeps the connection.
  var options: ConnectOptions
  /// Extra arguments for mkfs.
  var mkfsOptions: [String]

  /// Every key that a volume context may hold, with what it means.
  static let keys: [(key: String, meaning: String)] = [
    ("nqn", "NVMe Qualified Name of the subsystem (required)"),
    (
      "portals",
      "address:port of the target, several separated by commas; IPv6 in brackets (required)"
    ),
    ("transport", "tcp (default), rdma or loop"),
    ("nsid", "namespace id in the subsystem, default 1"),
    ("uuid", "UUID of the namespace; checked before anything is read or written"),
    ("nguid", "NGUID of the namespace; checked before anything is read or written"),
    ("ctrlLossTmo", "seconds until the kernel gives a lost controller up; -1 (default) never"),
    ("reconnectDelay", "seconds between the kernel's reconnect attempts, default 2"),
    ("keepAliveTmo", "seconds of the NVMe keep-alive timer, default the kernel's"),
    ("nrIoQueues", "I/O queues per controller, default the kernel's"),
    ("fastIoFailTmo", "seconds until I/O of a lost controller fails, off by default"),
    ("hostTraddr", "source address of the connection"),
    ("hostIface", "network interface of the connection"),
    ("mkfsOptions", "extra mkfs arguments, separated by spaces"),
    ("migrationTimeoutSeconds", "how long two nodes may hold the volume in a live migration"),
  ]

  /// Keys that Kubernetes puts into the context by itself.
  private static func belongsToKubernetes(_ key: String) -> Bool {
    key.hasPrefix("csi.storage.k8s.io/") || key.hasPrefix("storage.kubernetes.io/")
  }

  /// Checks a volume context. Every refusal is `invalidArgument` and names the key.
  init(context: [String: String]) throws(DriverError) {
    let known = Set(Self.keys.map(\.key))
    let unknown = context.keys.filter { !known.contains($0) && !Self.belongsToKubernetes($0) }
    guard unknown.isEmpty else {
      let names = unknown.sorted().map { "'\($0)'" }.joined(separator: ", ")
      throw DriverError(
        .invalidArgument,
        "volume_context: unknown key \(names); known are \(Self.keys.map(\.key).joined(separator: ", "))"
      )
    }
    let values = ContextValues(context: context)

    nqn = try values.parse("nqn") { (text) throws(NQN.Invalid) in try NQN(text) }
    let transport =
      try values.optional("transport") { Transport(rawValue: $0) }
      ?? .tcp
    portals = try values.parse("portals") { (text) throws(TransportAddress.Invalid) in
      try text.split(separator: ",", omittingEmptySubsequences: false)
        .map { (portal) throws(TransportAddress.Invalid) in
          try TransportAddress(String(portal), transport: transport)
        }
    }
    guard Set(portals).count == portals.count else {
      throw DriverError(.invalidArgument, "volume_context['portals'] names a portal twice")
    }
    guard portals.count <= 16 else {
      throw DriverError(.invalidArgument, "volume_context['portals'] names more than 16 portals")
    }
    nsid = UInt32(try values.integer("nsid", in: 1...0xffff_fffe) ?? 1)
    uuid = try values.optional("uuid") { UUID($0) }
    nguid = try values.optional("nguid") { NGUID($0) }
    _ = try values.integer("migrationTimeoutSeconds", in: 1...86_400)

    options = ConnectOptions()
    options.ctrlLossTimeout = try values.integer("ctrlLossTmo", in: -1...86_400) ?? -1
    options.reconnectDelay = try values.integer("reconnectDelay", in: 1...3_600) ?? 2
    options.keepAliveTimeout = try values.integer("keepAliveTmo", in: 1...3_600)
    options.ioQueues = try values.integer("nrIoQueues", in: 1...1_024)
    options.fastIOFailTimeout = try values.integer("fastIoFailTmo", in: 0...86_400)
    options.hostAddress = try values.optional("hostTraddr") { numericAddress($0) }
    options.hostInterface = try values.optional("hostIface") { interfaceName($0) }
    mkfsOptions = (try values.text("mkfsOptions") ?? "").split(separator: " ").map(String.init)
  }

  /// For state records: no check but the types'.
  init(
    nqn: NQN, portals: [TransportAddress], nsid: UInt32, uuid: UUID?, nguid: NGUID?,
    options: ConnectOptions, mkfsOptions: [String]
  ) {
    self.nqn = nqn
    self.portals = portals
    self.nsid = nsid
    self.uuid = uuid
    self.nguid = nguid
    self.options = options
    self.mkfsOptions = mkfsOptions
  }
}

/// Reads typed values out of a volume context, each failure naming its key.
private struct ContextValues {
  let context: [String: String]

  func invalid(_ key: String, _ reason: String) -> DriverError {
    DriverError(.invalidArgument, "volume_context['\(key)']: \(reason)")
  }

  func text(_ key: String) throws(DriverError) -> String? {
    guard let text = context[key] else { return nil }
    guard text.utf8.count <= SizeLimits.contextValue else {
      throw invalid(
        key, "has \(text.utf8.count) bytes; at most \(SizeLimits.contextValue) are allowed")
    }
    guard text.unicodeScalars.allSatisfy({ !$0.properties.generalCategory.isControl }) else {
      throw invalid(key, "holds a control character")
    }
    return text
  }

  func parse<Value, Failure: Error & CustomStringConvertible>(
    _ key: String, _ parse: (String) throws(Failure) -> Value
  ) throws(DriverError) -> Value {
    guard let text = try text(key), !text.isEmpty else { throw invalid(key, "is missing") }
    do { return try parse(text) } catch { throw invalid(key, error.description) }
  }

  func optional<Value>(
    _ key: String, _ parse: (String) -> Value?
  ) throws(DriverError) -> Value? {
    guard let text = try text(key) else { return nil }
    guard let value = parse(text) else { throw invalid(key, "'\(text)' is not valid") }
    return value
  }

  func integer(_ key: String, in range: ClosedRange<Int>) throws(DriverError) -> Int? {
    guard let text = try text(key) else { return nil }
    guard let value = Int(text), range.contains(value) else {
      throw invalid(
        key, "'\(text)' is not a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }
}

/// A numeric IPv4 or IPv6 address, which is what the kernel's `host_traddr` takes.
private func numericAddress(_ text: String) -> String? {
  let portal = text.contains(":") ? "[\(text)]:1" : "\(text):1"
  return (try? TransportAddress(portal, transport: .tcp))?.address
}

/// A network interface's name: IFNAMSIZ - 1 bytes, no slash, no blank, no comma.
private func interfaceName(_ text: String) -> String? {
  guard (1...15).contains(text.utf8.count),
    text.utf8.allSatisfy({
      $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ",")
    })
  else { return nil }
  return text
}

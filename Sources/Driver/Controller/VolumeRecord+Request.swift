internal import Backends
internal import CSI
internal import NVMe

extension VolumeRecord.Request {
  /// Keys of a volume context that the driver sets; a StorageClass must not.
  private static let derivedKeys: Set = ["nqn", "portals", "nsid", "uuid", "nguid"]

  /// Checks what CreateVolume asks for, the parameters for connecting included, so that errors come
  /// early and not at the first pod.
  init(_ request: CreateVolumeRequest, for backend: any Backend) throws(DriverError) {
    let range = try request.capacityRange.checked()
    required = range.requiredBytes
    limit = range.limitBytes
    content = try VolumeSpecification.Content(request.volumeContentSource, for: backend)
    (connection, parameters) = try Self.split(request.parameters)
    do throws(BackendError) { try backend.check(parameters: parameters) } catch {
      throw DriverError(error)
    }
    try Self.check(transport: connection["transport"], of: backend)
    guard request.mutableParameters.isEmpty else {
      try SizeLimits.check(request.mutableParameters, field: "mutable_parameters")
      let keys = request.mutableParameters.keys.sorted().joined(separator: ", ")
      throw DriverError(
        .invalidArgument,
        "mutable_parameters: \(keys): nothing of a volume can be changed after it was made")
    }
    guard !request.volumeCapabilities.isEmpty else {
      throw DriverError(.invalidArgument, "volume_capabilities is missing")
    }
    try SizeLimits.check(request.volumeCapabilities)
    var kinds: Set<String> = []
    for capability in request.volumeCapabilities {
      let access = try VolumeAccess(supported: capability)
      kinds.insert("\(access.isBlock ? "block" : "mount") \(access.mode.specName)")
    }
    access = kinds.sorted()
  }

  /// A StorageClass may name one of the transports that its backend serves.
  static func check(
    transport wanted: String?, of backend: any Backend
  ) throws(DriverError) {
    let served = backend.transports.map(\.rawValue).sorted()
    guard let wanted, !served.contains(wanted) else { return }
    throw DriverError(
      .invalidArgument,
      "parameters['transport']: the backend serves nothing over '\(wanted)', only over "
        + "\(served.joined(separator: ", "))")
  }

  /// What of a StorageClass goes to the node, and what to the backend. The orchestrator's own keys,
  /// which tell the claim's name, go nowhere.
  static func split(
    _ all: [String: String]
  ) throws(DriverError) -> (connection: [String: String], backend: [String: String]) {
    try SizeLimits.check(all, field: "parameters")
    let known = Set(VolumeSource.keys.map(\.key))
    var connection: [String: String] = [:]
    var backend: [String: String] = [:]
    for (key, value) in all.sorted(by: { $0.key < $1.key }) {
      if key.hasPrefix("csi.storage.k8s.io/") { continue }
      guard !derivedKeys.contains(key) else {
        throw DriverError(
          .invalidArgument, "parameters['\(key)']: the driver sets it by itself; leave it out")
      }
      if known.contains(key) { connection[key] = value } else { backend[key] = value }
    }
    do throws(DriverError) {
      // The values that only the volume itself has do not matter here.
      var context = connection
      context["nqn"] = "nqn.2014-08.org.nvmexpress:check"
      context["portals"] = "192.0.2.1:4420"
      _ = try VolumeSource(context: context)
    } catch {
      let text =
        error.message.hasPrefix("volume_context")
        ? "parameters" + error.message.dropFirst("volume_context".count) : error.message
      throw DriverError(.invalidArgument, text, cause: error)
    }
    return (connection, backend)
  }

  /// The objects that must stay as they are while the volume is made.
  var sources: [VolumeID] {
    switch content {
    case .empty: []
    case .snapshot(let id), .volume(let id): [VolumeID(id)]
    }
  }
}

extension VolumeSpecification.Content {
  /// What a new volume is to hold at first. An id that no object of ours can have is `notFound`.
  init(_ source: VolumeContentSource?, for backend: any Backend) throws(DriverError) {
    func find(
      _ text: String, _ kind: ObjectID.Kind, _ capability: BackendCapability, _ what: String
    ) throws(DriverError) -> ObjectID {
      guard !text.isEmpty else {
        throw DriverError(.invalidArgument, "volume_content_source: \(what)_id is missing")
      }
      guard backend.capabilities.contains(capability) else {
        throw DriverError(
          .invalidArgument, "volume_content_source: this backend makes no volume from a \(what)")
      }
      guard let id = ObjectID(text, kind: kind) else {
        throw DriverError(.notFound, "\(what) \(text) does not exist")
      }
      return id
    }
    switch source {
    case nil: self = .empty
    case .snapshot(let id): self = .snapshot(try find(id, .snapshot, .snapshots, "snapshot"))
    case .volume(let id): self = .volume(try find(id, .volume, .clones, "volume"))
    case .unknown:
      throw DriverError(.invalidArgument, "volume_content_source is neither snapshot nor volume")
    }
  }

  /// As the orchestrator says it.
  var message: VolumeContentSource? {
    switch self {
    case .empty: nil
    case .snapshot(let id): .snapshot(id: id.description)
    case .volume(let id): .volume(id: id.description)
    }
  }
}

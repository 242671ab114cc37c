internal import NVMe

/// How a volume is exported: what the target has to look like for it, before, during and after every
/// operation and after a restart. Durable before configfs is touched.
struct ExportRecord: Hashable, Sendable {
  /// How far the volume's life got.
  enum Phase: String, Hashable, Sendable, CaseIterable {
    /// Storage or export may be half made; no host was ever allowed.
    case creating
    /// Complete: restored after a restart.
    case serving
    /// Storage or export may be half gone; no host is allowed any more.
    case deleting
  }

  var volume: ObjectID
  var phase: Phase
  var nqn: NQN
  var uuid: UUID
  var nguid: NGUID
  var serial: String
  /// What nvmet opens.
  var path: String
  /// In bytes.
  var size: Int64
  var content: VolumeSpecification.Content
  var portals: [TransportAddress]
  /// Hosts that are let in.
  var hosts: Set<NQN> = []
  /// Hosts that were forgotten and whose connections are not yet proven to be cut.
  var cutting: Set<NQN> = []

  /// Every volume has one namespace.
  static let nsid: UInt32 = 1

  var export: Export {
    Export(nqn: nqn, nsid: Self.nsid, uuid: uuid, portals: portals, allowedHosts: hosts)
  }
}

internal import CCSI
internal import ProtobufC

/// csi.v1.Volume: what the controller says of one.
public struct Volume: Hashable, Sendable {
  /// How large it is; 0: not known.
  public var capacityBytes: Int64
  /// What all other calls name it by.
  public var volumeID: String
  /// What the node needs to know of it.
  public var volumeContext: [String: String]
  /// What it held at first; nil: nothing.
  public var contentSource: VolumeContentSource?
  /// Where it can be reached from; empty: everywhere.
  public var accessibleTopology: [Topology]

  /// All of it.
  public init(
    capacityBytes: Int64, volumeID: String, volumeContext: [String: String],
    contentSource: VolumeContentSource?, accessibleTopology: [Topology]
  ) {
    self.capacityBytes = capacityBytes
    self.volumeID = volumeID
    self.volumeContext = volumeContext
    self.contentSource = contentSource
    self.accessibleTopology = accessibleTopology
  }
}

extension Volume: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__volume__init)

  init(_ wire: Csi__V1__Volume) {
    capacityBytes = unsafe wire.capacity_bytes
    volumeID = unsafe readString(wire.volume_id)
    volumeContext = unsafe readMap(wire.volume_context, wire.n_volume_context)
    contentSource = unsafe wire.content_source.map { unsafe VolumeContentSource($0.pointee) }
    accessibleTopology = unsafe readMessages(wire.accessible_topology, wire.n_accessible_topology)
  }

  func fill(_ wire: inout Csi__V1__Volume, in arena: Arena) {
    unsafe wire.capacity_bytes = capacityBytes
    unsafe wire.volume_id = arena.string(volumeID)
    unsafe (wire.n_volume_context, wire.volume_context) = arena.map(
      volumeContext, csi__v1__volume__volume_context_entry__init)
    unsafe wire.content_source = contentSource.map { unsafe $0.nested(in: arena) }
    unsafe (wire.n_accessible_topology, wire.accessible_topology) = arena.array(
      accessibleTopology.map { unsafe $0.nested(in: arena) })
  }
}

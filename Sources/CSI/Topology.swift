internal import CCSI
internal import ProtobufC

/// csi.v1.Topology: where something can be reached from.
public struct Topology: Hashable, Sendable {
  /// Keys and values as the node's labels have them.
  public var segments: [String: String]

  /// All of it.
  public init(segments: [String: String]) {
    self.segments = segments
  }
}

extension Topology: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__topology__init)

  init(_ wire: Csi__V1__Topology) {
    segments = unsafe readMap(wire.segments, wire.n_segments)
  }

  func fill(_ wire: inout Csi__V1__Topology, in arena: Arena) {
    unsafe (wire.n_segments, wire.segments) = arena.map(
      segments, csi__v1__topology__segments_entry__init)
  }
}

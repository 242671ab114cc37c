internal import CCSI
internal import ProtobufC

/// csi.v1.VolumeContentSource: what a volume holds at first.
public enum VolumeContentSource: Hashable, Sendable {
  /// What the snapshot of this id holds.
  case snapshot(id: String)
  /// What the volume of this id holds when the new one is made.
  case volume(id: String)
  /// The oneof was not set, or is of a kind that this driver does not know: never an empty volume.
  case unknown
}

extension VolumeContentSource: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__volume_content_source__init)

  init(_ wire: Csi__V1__VolumeContentSource) {
    switch unsafe wire.type_case {
    case CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_SNAPSHOT:
      self =
        unsafe wire.snapshot.map { unsafe .snapshot(id: readString($0.pointee.snapshot_id)) }
        ?? .unknown
    case CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_VOLUME:
      self =
        unsafe wire.volume.map { unsafe .volume(id: readString($0.pointee.volume_id)) } ?? .unknown
    default: self = .unknown
    }
  }

  func fill(_ wire: inout Csi__V1__VolumeContentSource, in arena: Arena) {
    switch self {
    case .snapshot(let id):
      unsafe wire.type_case = CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_SNAPSHOT
      unsafe wire.snapshot = arena.message(csi__v1__volume_content_source__snapshot_source__init) {
        unsafe $0.snapshot_id = arena.string(id)
      }
    case .volume(let id):
      unsafe wire.type_case = CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_VOLUME
      unsafe wire.volume = arena.message(csi__v1__volume_content_source__volume_source__init) {
        unsafe $0.volume_id = arena.string(id)
      }
    case .unknown: break
    }
  }
}

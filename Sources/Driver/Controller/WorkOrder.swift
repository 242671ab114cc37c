internal import Backends

/// What is to be done to an object, in full: two orders that are equal are the same work, and whoever
/// gives the second one waits for the first.
enum WorkOrder: Hashable, Sendable {
  case createVolume(VolumeRecord.Request)
  case deleteVolume
  case expandVolume(size: Int64)
  case publish(node: String, VolumeRecord.Holder)
  /// nil: from all nodes.
  case unpublish(node: String?)
  case createSnapshot(source: ObjectID)
  case deleteSnapshot
  case removeLeftovers
  case restoreExport

  /// For messages, metrics and checkpoints.
  var name: String {
    switch self {
    case .createVolume: "createVolume"
    case .deleteVolume: "deleteVolume"
    case .expandVolume: "expandVolume"
    case .publish: "controllerPublish"
    case .unpublish: "controllerUnpublish"
    case .createSnapshot: "createSnapshot"
    case .deleteSnapshot: "deleteSnapshot"
    case .removeLeftovers: "removeLeftovers"
    case .restoreExport: "restoreExport"
    }
  }

  /// Who may reach a volume is changed also while its bytes are being read, since a node that is gone
  /// must be shut out at once however long a copy takes. Everything else has the object for itself.
  var concernsAccessOnly: Bool {
    switch self {
    case .publish, .unpublish, .restoreExport: true
    default: false
    }
  }

  /// It may copy a volume's bytes, and takes hours then.
  var mayCopy: Bool {
    switch self {
    case .createVolume(let request): request.content != .empty
    case .createSnapshot, .deleteVolume, .deleteSnapshot: true
    default: false
    }
  }

  /// How long the backend may take.
  var limit: Duration { mayCopy ? .seconds(24 * 3600) : .seconds(300) }
}

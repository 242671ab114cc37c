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
  case adopt

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
    case .adopt: "adopt"
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

  /// How long the backend may take. Bytes may have to be copied, zeroed or given back, which takes hours
  /// for a large volume, and which of these it takes only the backend knows. Its single steps have
  /// limits of their own.
  var limit: Duration {
    switch self {
    case .createVolume, .deleteVolume, .createSnapshot, .deleteSnapshot: .seconds(24 * 3600)
    default: .seconds(300)
    }
  }
}

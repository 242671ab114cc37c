internal import Backends
internal import Synchronization

/// The volumes whose exports did not come back when the controller began, and why.
final class PendingVolumes: Sendable {
  private let reasons = Mutex<[ObjectID: String]>([:])

  /// By id.
  var ids: [ObjectID] { reasons.withLock { $0.keys.sorted() } }

  /// Why it is not there yet. False: that was known.
  @discardableResult
  func note(_ id: ObjectID, _ reason: String) -> Bool {
    reasons.withLock { $0.updateValue(reason, forKey: id) != reason }
  }

  /// It is there, or nobody wants it any more.
  func remove(_ id: ObjectID) { reasons.withLock { _ = $0.removeValue(forKey: id) } }
}

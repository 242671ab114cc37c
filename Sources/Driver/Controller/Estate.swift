internal import Backends
internal import Synchronization

/// The unfinished work that was in the store when this life of the controller began.
///
/// The store has one owner at a time, so whoever began that work is gone, and this life takes it over.
/// Work of another owner that turns up later is somebody alive: it is left alone.
final class Estate: Sendable {
  private let objects = Mutex<Set<ObjectID>>([])

  /// Work on this object was found at start.
  func add(_ id: ObjectID) { objects.withLock { _ = $0.insert(id) } }

  /// Whether the work on this object was another's, who is gone.
  func contains(_ id: ObjectID) -> Bool { objects.withLock { $0.contains(id) } }

  /// It is this life's own by now, or done.
  func remove(_ id: ObjectID) { objects.withLock { _ = $0.remove(id) } }
}

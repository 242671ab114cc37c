internal import Glibc
internal import Linux
internal import Synchronization
internal import SystemPackage

/// A file pool's directory and what is in it. Its calls block. Those about one object come one after
/// another, and so do those that promise room; the rest may overlap.
///
/// ```
/// nvmeof-csi-pool.json      whose pool this is
/// volumes/nv-….img .json    a volume and its record
/// snapshots/ns-….img .json  a snapshot and its record
/// ```
final class FileStorage: Sendable {
  /// Where a pool is, held open and locked.
  struct Place: Sendable {
    let root: Directory
    let volumes: Directory
    let snapshots: Directory
    /// Holds the lock on the mark for as long as it lives.
    let lock: Descriptor

    /// Where objects of that kind are.
    func directory(_ kind: ObjectID.Kind) -> Directory {
      kind == .volume ? volumes : snapshots
    }
  }

  struct State {
    var place: Place?
    /// After the first time, in this life or another, a place without a mark is one that is not mounted.
    var wasOpened = false
    var canClone: Bool?
    /// What is being made or grown, and the bytes that it may come to need: no leftovers.
    var claims: [ObjectID: Claim] = [:]
    /// All images together may come to need no more than this: what was measured once and what was added
    /// since. What went since is not taken off, so that it is never too little. Nil when nothing was
    /// measured yet.
    var promisedAtMost: Int64?
  }

  /// That somebody is at work on an object, and how much was promised for that.
  struct Claim {
    var holders = 0
    var bytes: Int64 = 0
  }

  let configuration: FilePoolConfiguration
  let mark: PoolMark
  let state = Mutex(State())
  /// Two who open the place at a time would find each other's lock.
  private let opening = Mutex(())
  /// Is called after each step; a seam for tests of what happens when the next is never made.
  let passed: @Sendable (Step) throws(BackendError) -> Void

  /// What changes something on the storage, one by one.
  enum Step: String, CaseIterable, Sendable {
    case makeHalf, fill, synchronizeHalf, writeRecord, complete
    case hide, forgetRecord, unlink
    case noteGrowth, grow, noteGrown
    case cleanUp
  }

  init(
    _ configuration: FilePoolConfiguration, owner: PoolOwner,
    passed: @escaping @Sendable (Step) throws(BackendError) -> Void
  ) {
    self.configuration = configuration
    mark = PoolMark(owner: owner)
    self.passed = passed
  }

  /// The pool's place, looked at anew: is it still where it was, ours, and, for changes, writable?
  func place(writable: Bool) throws(BackendError) -> Place {
    let path = configuration.directory
    let found = try BackendError.attempt("pool \(path)") { () throws(SystemCallError) in
      do throws(SystemCallError) {
        return try Directory(path) as Directory?
      } catch  where error.errno == .noSuchFileOrDirectory || error.errno == .notDirectory {
        return nil
      }
    }
    guard let found else { throw unavailable("there is no such directory") }
    try checkMount(found)
    let place: Place
    if let known = try known(found) {
      place = known
    } else {
      place = try opening.withLock { _ throws(BackendError) in
        if let known = try known(found) { return known }
        return try open(found)
      }
    }
    if writable {
      let statistics = try BackendError.attempt("pool \(path)") { () throws(SystemCallError) in
        try place.root.statistics()
      }
      guard !statistics.readOnly else { throw unavailable("the file system is read-only") }
    }
    return place
  }

  /// The place that was opened before, if this is it and it is still ours.
  private func known(_ found: Directory) throws(BackendError) -> Place? {
    guard let known = state.withLock({ $0.place }), try isSame(known.root, found) else {
      return nil
    }
    try mark.check(in: known.root)
    return known
  }

  /// Opens a place for the first time, or another file system that was mounted there.
  private func open(_ root: Directory) throws(BackendError) -> Place {
    // The lock of the old place goes with it; two locks on one file would shut us out ourselves.
    let wasOpened = state.withLock { state in
      state.place = nil
      state.promisedAtMost = nil
      return state.wasOpened
    }
    if try !mark.isThere(in: root) {
      guard !wasOpened else {
        throw unavailable("it does not carry our mark any more: is its file system mounted?")
      }
      try mark.make(in: root)
    }
    try mark.check(in: root)
    let place = try BackendError.attempt("pool \(root.path)") { () throws(SystemCallError) in
      Place(
        root: root, volumes: try root.directory("volumes"),
        snapshots: try root.directory("snapshots"),
        lock: try root.open(PoolMark.name, flags: O_RDONLY))
    }
    let isLocked = try BackendError.attempt("lock pool \(root.path)") {
      () throws(SystemCallError) in try place.lock.tryLock()
    }
    guard isLocked else { throw unavailable("another process is using it") }
    let canClone = try probeClone(place)
    state.withLock { state in
      state.place = place
      state.wasOpened = true
      state.canClone = canClone
    }
    return place
  }

  private func checkMount(_ root: Directory) throws(BackendError) {
    guard configuration.mustBeMountPoint else { return }
    let path = root.path
    let isMountPoint = try BackendError.attempt("pool \(path)") { () throws(SystemCallError) in
      try root.status().device != Directory("\(path)/..").status().device
    }
    guard isMountPoint else { throw unavailable("no file system is mounted there") }
  }

  private func isSame(_ known: Directory, _ found: Directory) throws(BackendError) -> Bool {
    try BackendError.attempt("pool \(known.path)") { () throws(SystemCallError) in
      let (known, found) = (try known.status(), try found.status())
      return known.device == found.device && known.inode == found.inode
    }
  }

  /// Tries it: what a file system is called says nothing about how it was made. Nil when that cannot be
  /// found out now.
  private func probeClone(_ place: Place) throws(BackendError) -> Bool? {
    let names = ["clone-probe.from", "clone-probe.to"]
    defer { for name in names { _ = try? place.root.unlink(name) } }
    do {
      for name in names { try place.root.unlink(name) }
      let files = try names.map { (name) throws(SystemCallError) in
        try place.root.open(name, flags: O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
      }
      try files[0].setSize(4096)
      try files[1].clone(files[0])
      return true
    } catch
      where [.notSupported, .notSupportedOnSocket, .badFileDescriptor, .invalidArgument]
      .contains(error.errno) || error.errno == .inappropriateIOCTLForDevice
    {
      return false
    } catch  where error.errno == .noSpace || error.errno == .readOnlyFileSystem {
      return nil
    } catch {
      throw .storage("pool \(place.root.path): try to clone a file", error)
    }
  }

  func unavailable(_ reason: String) -> BackendError {
    BackendError(.unavailable, "pool \(configuration.directory): \(reason)")
  }
}

internal import Glibc
internal import Linux
internal import Synchronization
internal import SystemPackage

extension FileStorage {
  /// What is free and what is promised: one reading of the directories and one lstat(2) for each image,
  /// and where blocks can be shared, a look at its extents. No record is read: what is damaged counts as
  /// well.
  func room(in place: Place) throws(BackendError) -> PoolRoom {
    let (claims, canClone) = state.withLock { ($0.claims, $0.canClone ?? false) }
    let action = "measure pool \(place.root.path)"
    var room = try emptyRoom(in: place)
    // Without a file yet.
    var unseen = claims
    for kind in [ObjectID.Kind.volume, .snapshot] {
      for (id, parts) in try listing(kind, in: place) {
        // One that was renamed since it was listed has the next of these names.
        var isMissed = false
        for part in [ImageFile.Part.half, .image, .gone] where isMissed || parts.contains(part) {
          let name = ImageFile(id, part).name
          let measured = try BackendError.attempt(action) { () throws(SystemCallError) in
            try measure(name, in: place.directory(kind), canClone)
          }
          isMissed = measured == nil
          guard let measured else { continue }
          let claimed = claims[id]?.bytes ?? 0
          let promised: Int64 =
            switch (kind, part) {
            case (_, .gone): 0
            case (.volume, _): max(measured.space.size, claimed)
            case (.snapshot, _): claimed
            }
          if part != .gone { unseen[id] = nil }
          room.count(
            promised: promised, allocated: measured.space.allocated, shared: measured.shared)
        }
      }
    }
    for claim in unseen.values { room.count(promised: claim.bytes, allocated: 0, shared: 0) }
    return room
  }

  // MARK: Claims

  /// Somebody begins to work on an object; to be ended with `release`.
  func claim(_ id: ObjectID) { state.withLock { $0.claims[id, default: Claim()].holders += 1 } }

  /// He is at its end. What it needs shows in its file by now, or is not needed.
  func release(_ id: ObjectID) {
    state.withLock { state in
      guard var claim = state.claims[id] else { return }
      claim.holders -= 1
      state.claims[id] = claim.holders > 0 ? claim : nil
    }
  }

  func isClaimed(_ id: ObjectID) -> Bool { state.withLock { $0.claims[id] != nil } }

  /// Promises an object that it may come to need `total` bytes, `more` of them new and `written` of these
  /// at once; one promise after another, or the same room would be promised twice. Fails as `requireRoom`
  /// does. Nothing is promised to one that nobody works on any more.
  func promise(
    _ id: ObjectID, total: Int64, more: Int64, written: Int64, in place: Place
  ) throws(BackendError) {
    try requireRoom(id, promised: more, written: written, in: place)
    state.withLock { $0.claims[id]?.bytes = total }
  }

  /// Nil for what went in the meantime, and for what is no regular file.
  private func measure(
    _ name: String, in directory: Directory, _ canClone: Bool
  ) throws(SystemCallError) -> (space: FileSpace, shared: Int64)? {
    guard let space = try directory.space(name) else { return nil }
    guard canClone else { return (space, 0) }
    let file: Descriptor
    do {
      file = try directory.open(name, flags: O_RDONLY)
    } catch  where error.errno == .noSuchFileOrDirectory {
      return nil
    }
    return (try file.space(), try file.sharedBytes())
  }

  /// Fails with `exhausted` when `promised` bytes cannot be promised, or `written` bytes of them not be
  /// written at once, in addition to what there is.
  private func requireRoom(
    _ id: ObjectID, promised: Int64, written: Int64, in place: Place
  ) throws(BackendError) {
    // With most of the room free nothing need be measured: that takes time in proportion to the pool.
    if let bound = state.withLock({ $0.promisedAtMost }) {
      var room = try emptyRoom(in: place)
      room.count(promised: bound, allocated: 0, shared: 0)
      if promised <= room.available(configuration), written <= room.writable(configuration) {
        return state.withLock { $0.promisedAtMost = PoolRoom.sum(bound, promised) }
      }
    }
    let room = try room(in: place)
    let (available, writable) = (
      room.available(configuration), room.writable(configuration)
    )
    guard promised <= available else {
      throw BackendError(
        .exhausted,
        "\(id) may come to need \(promised) bytes more, and pool \(place.root.path) has \(available) that "
          + "are not promised: \(room.free) are free, less the reserve and what other volumes have "
          + "not written yet")
    }
    guard written <= writable else {
      throw BackendError(
        .exhausted,
        "\(id) needs \(written) bytes more now, and pool \(place.root.path) has \(writable) beyond its "
          + "reserve")
    }
    state.withLock { state in
      // Another file system may be mounted there by now.
      guard state.place?.root === place.root else { return }
      state.promisedAtMost = PoolRoom.sum(room.promised, promised)
    }
  }

  private func emptyRoom(in place: Place) throws(BackendError) -> PoolRoom {
    let statistics = try BackendError.attempt("measure pool \(place.root.path)") {
      () throws(SystemCallError) in try place.root.statistics()
    }
    let size = statistics.blockSize
    return PoolRoom(
      free: Int64(clamping: statistics.blocksAvailable.multipliedReportingOverflow(by: size).0),
      total: Int64(clamping: statistics.blocks.multipliedReportingOverflow(by: size).0))
  }
}

internal import Glibc
internal import Linux
internal import Synchronization
internal import SystemPackage

extension FileStorage {
  /// What is free and what is promised: one reading of the directories and one lstat(2) for each image,
  /// and where blocks can be shared, a look at its extents. No record is read.
  func room(in place: Place) throws(BackendError) -> PoolRoom {
    let (making, canClone) = state.withLock { ($0.making, $0.canClone ?? false) }
    let action = "measure pool \(place.root.path)"
    var room = try emptyRoom(in: place)
    for kind in [ObjectID.Kind.volume, .snapshot] {
      for (id, parts) in try listing(kind, in: place) {
        for part in [ImageFile.Part.image, .half, .gone] where parts.contains(part) {
          let name = ImageFile(id, part).name
          let measured = try BackendError.attempt(action) { () throws(SystemCallError) in
            try measure(name, in: place.directory(kind), canClone)
          }
          guard let measured else { continue }
          let promised: Int64 =
            switch (kind, part) {
            case (_, .gone): 0
            case (.volume, _): max(measured.space.size, making[id] ?? 0)
            case (.snapshot, _): making[id] ?? 0
            }
          room.count(
            promised: promised, allocated: measured.space.allocated, shared: measured.shared)
        }
      }
    }
    return room
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
  func requireRoom(
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
    state.withLock { $0.promisedAtMost = PoolRoom.sum(room.promised, promised) }
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

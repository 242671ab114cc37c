internal import Glibc
internal import Linux
internal import Synchronization
internal import SystemPackage

/// Making an image: `begin` and `complete` are short, `fill` may take long.
extension FileStorage {
  /// An image that is being made.
  struct Making: Sendable {
    var record: ImageRecord
    let half: Descriptor
    let source: Descriptor?
    let sourceSize: Int64
    /// Filled by sharing the source's blocks.
    let clones: Bool

    /// Filled by moving bytes.
    var copies: Bool { source != nil && !clones }
  }

  enum Beginning: Sendable {
    case isThere(ImageRecord)
    case begun(Making)
  }

  /// Looks whether there is one already; else sees to room and source, clears away what an earlier life
  /// left of it, and makes an empty half.
  func begin(_ wanted: ImageRecord) throws(BackendError) -> Beginning {
    let place = try place(writable: true)
    let id = wanted.id
    switch try image(id, in: place) {
    case .complete(let record): return .isThere(record)
    case .half: try clear(id, in: place)
    case .none: break
    }
    let action = "make \(id)"
    var record = wanted
    var source: Descriptor?
    var allocated: Int64 = 0
    var sourceSize: Int64 = 0
    if let sourceID = wanted.copiedFrom {
      guard case .complete(let found) = try image(sourceID, in: place) else {
        throw BackendError(.notFound, "\(action): there is no \(sourceID) to copy")
      }
      sourceSize = found.size
      if id.kind == .snapshot { record.size = found.size }
      guard sourceSize <= record.size else {
        throw BackendError(
          .invalid,
          "\(action): it has \(record.size) bytes, and \(sourceID), which it is to hold, "
            + "\(sourceSize)")
      }
      (source, allocated) = try BackendError.attempt(action) { () throws(SystemCallError) in
        let file = try place.directory(sourceID.kind).open(
          ImageFile(sourceID, .image).name, flags: O_RDONLY)
        return (file, try file.space().allocated)
      }
    }
    let clones = source != nil && state.withLock { $0.canClone ?? false }
    let need = id.kind == .snapshot ? allocated : record.size
    let written =
      record.isFull ? record.size - (clones ? allocated : 0) : clones ? 0 : allocated
    // Blocks that only the source has become shared, and are to be had twice from then on.
    try requireRoom(id, promised: need, written: written, in: place)
    let half = try BackendError.attempt(action) { () throws(SystemCallError) in
      try place.directory(id.kind).open(
        ImageFile(id, .half).name, flags: O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
    }
    state.withLock { $0.making[id] = need }
    let making = Making(
      record: record, half: half, source: source, sourceSize: sourceSize, clones: clones)
    try passed(.makeHalf)
    return .begun(making)
  }

  /// Gives a half its bytes and puts them on the disk. Returns the record, which says when.
  func fill(
    _ making: Making, deadline: ContinuousClock.Instant, progress: Progress
  ) throws(BackendError) -> ImageRecord {
    var record = making.record
    let action = "make \(record.id)"
    if case .snapshot(let source, _) = record.origin {
      record.origin = .snapshot(of: source, takenAt: Self.now)
    }
    // Before the length: FICLONE wants whole blocks, or the end of both files.
    if let source = making.source {
      if making.clones {
        try BackendError.attempt(action) { () throws(SystemCallError) in
          try making.half.clone(source)
        }
      } else {
        let copy = ImageCopy(
          action: action, source: source, target: making.half, size: making.sourceSize)
        try copy.run(deadline: deadline, progress: progress)
      }
    }
    try BackendError.attempt(action) { () throws(SystemCallError) in
      try making.half.setSize(record.size)
      if record.isFull { try making.half.allocate(upTo: record.size) }
    }
    try passed(.fill)
    try BackendError.attempt(action) { () throws(SystemCallError) in
      try making.half.synchronize()
    }
    try passed(.synchronizeHalf)
    return record
  }

  /// Writes the record, and then makes the half the image.
  func complete(_ record: ImageRecord) throws(BackendError) -> ImageRecord {
    let place = try place(writable: true)
    let directory = place.directory(record.id.kind)
    try write(record, in: place)
    try passed(.writeRecord)
    try BackendError.attempt("make \(record.id)") { () throws(SystemCallError) in
      try directory.rename(
        ImageFile(record.id, .half).name, to: ImageFile(record.id, .image).name)
      try directory.synchronize()
    }
    try passed(.complete)
    state.withLock { _ = $0.making.removeValue(forKey: record.id) }
    return record
  }

  /// After a failure: nothing is left of it, unless it came to be after all.
  func abandon(_ id: ObjectID) throws(BackendError) {
    defer { state.withLock { _ = $0.making.removeValue(forKey: id) } }
    try passed(.cleanUp)
    let place = try place(writable: true)
    guard case .half = try image(id, in: place) else { return }
    try clear(id, in: place)
  }

  func write(_ record: ImageRecord, in place: Place) throws(BackendError) {
    try BackendError.attempt("write the record of \(record.id)") { () throws(SystemCallError) in
      try place.directory(record.id.kind).replaceDurably(
        ImageFile(record.id, .record).name, with: record.bytes,
        temporaryName: ImageFile(record.id, .recordHalf).name, mode: 0o600)
    }
  }

  /// Removes what is left of an object that is not complete.
  func clear(_ id: ObjectID, in place: Place) throws(BackendError) {
    try BackendError.attempt("clear away what is left of \(id)") { () throws(SystemCallError) in
      let directory = place.directory(id.kind)
      // The record before the bytes: one alone would look as if its image had been lost.
      for part in [ImageFile.Part.recordHalf, .record] {
        try directory.unlink(ImageFile(id, part).name)
      }
      try directory.synchronize()
      for part in [ImageFile.Part.half, .gone] { try directory.unlink(ImageFile(id, part).name) }
      try directory.synchronize()
    }
  }

  private static var now: Int64 {
    var time = timespec()
    // Fails only for a clock that is not there.
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

extension ImageRecord {
  /// What its bytes come from.
  var copiedFrom: ObjectID? {
    switch origin {
    case .volume(.empty, _): nil
    case .volume(.snapshot(let source), _), .volume(.volume(let source), _): source
    case .snapshot(let source, _): source
    }
  }

  var isFull: Bool {
    if case .volume(_, .full) = origin { true } else { false }
  }
}

internal import Glibc
internal import Linux
internal import Synchronization
internal import SystemPackage

/// Making an image: `begin`, a promise of room, `makeHalf`, `fill`, which may take long, and `complete`.
extension FileStorage {
  /// An image that is being made.
  struct Making: Sendable {
    var record: ImageRecord
    let place: Place
    let source: Descriptor?
    let sourceSize: Int64
    /// Filled by sharing the source's blocks.
    let clones: Bool
    /// Bytes that it may come to need, and those that it takes at once.
    let need: Int64
    let written: Int64

    /// Filled by moving bytes.
    var copies: Bool { source != nil && !clones }
  }

  enum Beginning: Sendable {
    case isThere(ImageRecord)
    case begun(Making)
  }

  /// Looks whether there is one already; else clears away what an earlier life left of it, and opens its
  /// source.
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
    // Blocks that only the source has become shared, and are to be had twice from then on.
    let need = id.kind == .snapshot ? allocated : record.size
    let written =
      record.isFull ? record.size - (clones ? allocated : 0) : clones ? 0 : allocated
    return .begun(
      Making(
        record: record, place: place, source: source, sourceSize: sourceSize, clones: clones,
        need: need, written: written))
  }

  /// Makes an empty half, once the object was promised its room.
  func makeHalf(_ making: Making) throws(BackendError) -> Descriptor {
    let id = making.record.id
    let half = try BackendError.attempt("make \(id)") { () throws(SystemCallError) in
      try making.place.directory(id.kind).open(
        ImageFile(id, .half).name, flags: O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
    }
    try passed(.makeHalf)
    return half
  }

  /// Gives a half its bytes and puts them on the disk. Returns the record, which says when.
  func fill(
    _ half: Descriptor, _ making: Making, progress: Progress, isGivenUp: () -> Bool
  ) throws(BackendError) -> ImageRecord {
    var record = making.record
    let action = "make \(record.id)"
    if case .snapshot(let source, _) = record.origin {
      record.origin = .snapshot(of: source, takenAt: WallClock.nanoseconds)
    }
    // Before the length: FICLONE wants whole blocks, or the end of both files.
    if let source = making.source {
      if making.clones {
        try BackendError.attempt(action) { () throws(SystemCallError) in
          try half.clone(source)
        }
      } else {
        let copy = ImageCopy(
          action: action, source: source, target: half, size: making.sourceSize)
        try copy.run(progress: progress, isGivenUp: isGivenUp)
      }
    }
    try BackendError.attempt(action) { () throws(SystemCallError) in
      try half.setSize(record.size)
      if record.isFull { try half.allocate(upTo: record.size) }
    }
    try passed(.fill)
    try BackendError.attempt(action) { () throws(SystemCallError) in
      try half.synchronize()
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
    return record
  }

  /// After a failure: nothing is left of it, unless it came to be after all.
  func abandon(_ id: ObjectID) throws(BackendError) {
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

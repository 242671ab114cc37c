internal import Glibc
internal import Linux
internal import Synchronization
internal import SystemPackage

extension FileStorage {
  /// Takes an object's image and record away; what is left is `erase`'s, which may take long. Returns
  /// whether anything is. What is broken stays.
  func hide(_ id: ObjectID) throws(BackendError) -> Bool {
    let place = try place(writable: true)
    let directory = place.directory(id.kind)
    switch try image(id, in: place) {
    case .none: return false
    case .half: break
    case .complete:
      try BackendError.attempt("delete \(id)") { () throws(SystemCallError) in
        try directory.rename(ImageFile(id, .image).name, to: ImageFile(id, .gone).name)
        try directory.synchronize()
      }
      try passed(.hide)
    }
    try BackendError.attempt("delete \(id)") { () throws(SystemCallError) in
      for part in [ImageFile.Part.recordHalf, .record] {
        try directory.unlink(ImageFile(id, part).name)
      }
      try directory.synchronize()
    }
    try passed(.forgetRecord)
    return true
  }

  /// Gives the room of a hidden object back.
  func erase(_ id: ObjectID) throws(BackendError) {
    // The place as it was a moment ago: `hide` has looked at it.
    guard let place = state.withLock({ $0.place }) else { throw unavailable("it is gone") }
    try BackendError.attempt("delete \(id)") { () throws(SystemCallError) in
      let directory = place.directory(id.kind)
      for part in [ImageFile.Part.half, .gone] { try directory.unlink(ImageFile(id, part).name) }
      try directory.synchronize()
    }
    try passed(.unlink)
  }

  /// A volume that is to be made longer.
  struct Growth: Sendable {
    var record: ImageRecord
    let size: Int64
    /// Nil: it is as it should be.
    var file: Descriptor?
    let place: Place

    /// Bytes that it may come to need beyond what it was promised, and those that it takes at once.
    var more: Int64 { size - record.size }
    var written: Int64 { record.isFull ? more : 0 }
  }

  /// Looks at a volume that is to have `size` bytes.
  func growth(of id: ObjectID, to size: Int64) throws(BackendError) -> Growth {
    let place = try place(writable: true)
    guard case .complete(let record) = try image(id, in: place) else {
      throw BackendError(.notFound, "expand \(id): there is no such volume")
    }
    guard size >= record.size else {
      throw BackendError(
        .invalid, "expand \(id) to \(size) bytes: it has \(record.size), and never shrinks")
    }
    var growth = Growth(record: record, size: size, file: nil, place: place)
    guard size > record.size || record.growingTo != nil else { return growth }
    growth.file = try BackendError.attempt("expand \(id)") { () throws(SystemCallError) in
      let file = try place.directory(id.kind).open(ImageFile(id, .image).name, flags: O_RDWR)
      // An earlier life may not have come as far, and the record is to rest on this length.
      try file.synchronize()
      return file
    }
    return growth
  }

  /// Makes a volume's image longer, once it was promised that. The record says so first, so that an end in
  /// between is no damage.
  func grow(_ growth: Growth) throws(BackendError) -> ImageRecord {
    var record = growth.record
    guard let file = growth.file else { return record }
    let (size, place) = (growth.size, growth.place)
    if size > record.size {
      record.growingTo = size
      try write(record, in: place)
      try passed(.noteGrowth)
      try grow(file, record, to: size, in: place)
      try passed(.grow)
    }
    record.size = size
    record.growingTo = nil
    try write(record, in: place)
    try passed(.noteGrown)
    return record
  }

  private func grow(
    _ file: Descriptor, _ record: ImageRecord, to size: Int64, in place: Place
  ) throws(BackendError) {
    do {
      // Beyond the end, which moves only when all of it has its place.
      if record.isFull { try file.allocate(upTo: size) }
    } catch {
      // Gives back what was allocated there; the length stays as it is.
      _ = try? file.setSize(record.size)
      var before = record
      before.growingTo = nil
      try? write(before, in: place)
      throw .storage("expand \(record.id)", error)
    }
    try BackendError.attempt("expand \(record.id)") { () throws(SystemCallError) in
      try file.setSize(size)
      try file.synchronize()
    }
  }
}

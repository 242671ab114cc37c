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

  /// Makes a volume's image longer. The record says so first, so that an end in between is no damage.
  func expand(_ id: ObjectID, to size: Int64) throws(BackendError) -> ImageRecord {
    let place = try place(writable: true)
    guard case .complete(var record) = try image(id, in: place) else {
      throw BackendError(.notFound, "expand \(id): there is no such volume")
    }
    guard size >= record.size else {
      throw BackendError(
        .invalid, "expand \(id) to \(size) bytes: it has \(record.size), and never shrinks")
    }
    guard size > record.size || record.growingTo != nil else { return record }
    let file = try BackendError.attempt("expand \(id)") { () throws(SystemCallError) in
      let file = try place.directory(id.kind).open(ImageFile(id, .image).name, flags: O_RDWR)
      // An earlier life may not have come as far, and the record is to rest on this length.
      try file.synchronize()
      return file
    }
    if size > record.size {
      let more = size - record.size
      try requireRoom(id, promised: more, written: record.isFull ? more : 0, in: place)
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

  /// What was cut short and is not being worked on.
  func leftovers() throws(BackendError) -> [Leftover] {
    let place = try place(writable: false)
    let making = state.withLock { $0.making }
    var leftovers: [Leftover] = []
    for kind in [ObjectID.Kind.volume, .snapshot] {
      for (id, parts) in try listing(kind, in: place) where making[id] == nil {
        if let what = leftover(id, parts, in: place) {
          leftovers.append(Leftover(id: id, what: what))
        }
      }
    }
    return leftovers
  }

  /// Removes a leftover, unless it is none by now.
  func remove(_ leftover: Leftover) throws(BackendError) {
    let place = try place(writable: true)
    let id = leftover.id
    guard state.withLock({ $0.making[id] }) == nil,
      let parts = try listing(id.kind, in: place).first(where: { $0.id == id })?.parts,
      self.leftover(id, parts, in: place) == leftover.what
    else { return }
    if parts.contains(.image) {
      try BackendError.attempt("remove what is left of \(id)") { () throws(SystemCallError) in
        let directory = place.directory(id.kind)
        try directory.unlink(ImageFile(id, .recordHalf).name)
        try directory.synchronize()
      }
    } else {
      try clear(id, in: place)
    }
  }

  private func leftover(
    _ id: ObjectID, _ parts: Set<ImageFile.Part>, in place: Place
  ) -> String? {
    if parts.contains(.image) {
      // Beside a damaged object it may be all that says what it was.
      guard parts.contains(.recordHalf), case .complete? = try? image(id, in: place) else {
        return nil
      }
      return "record that was being written"
    }
    if parts.contains(.gone) { return "image file that was being deleted" }
    if parts.contains(.half) { return "image file that was being made" }
    return parts == [.recordHalf] ? "record that was being written" : nil
  }
}

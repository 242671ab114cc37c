internal import Linux

extension FileStorage {
  /// What was cut short and is not being worked on.
  func leftovers() throws(BackendError) -> [Leftover] {
    let place = try place(writable: false)
    var leftovers: [Leftover] = []
    for kind in [ObjectID.Kind.volume, .snapshot] {
      for (id, parts) in try listing(kind, in: place) where !isClaimed(id) {
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
    guard !isClaimed(id),
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

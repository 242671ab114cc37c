internal import Glibc
internal import Linux
internal import SystemPackage

extension FileStorage {
  /// An object as its files show it.
  enum Image: Hashable {
    case none
    /// What making or removing it was cut short at.
    case half
    case complete(ImageRecord)
  }

  /// What there is of an object; `broken` when its files are not what was written.
  func image(
    _ id: ObjectID, in place: Place
  ) throws(BackendError) -> Image {
    do throws(BackendError) {
      return try look(at: id, in: place)
    } catch {
      guard error.code == .broken else { throw error }
      // Somebody else may be at work on it just now: what is broken is so at a second look.
      return try look(at: id, in: place)
    }
  }

  private func look(at id: ObjectID, in place: Place) throws(BackendError) -> Image {
    let parts = try parts(of: id, in: place)
    guard parts.contains(.image) else {
      if parts.isEmpty { return .none }
      guard parts != [.record], parts != [.record, .recordHalf] else {
        throw broken(id, in: place, "its record is there and its image is not")
      }
      return .half
    }
    guard parts.contains(.record) else {
      throw broken(id, in: place, "its image is there and its record is not")
    }
    return .complete(try record(id, in: place))
  }

  /// The parts of an object that are there.
  private func parts(
    of id: ObjectID, in place: Place
  ) throws(BackendError) -> Set<ImageFile.Part> {
    try BackendError.attempt("read \(id)") { () throws(SystemCallError) in
      let directory = place.directory(id.kind)
      var parts: Set<ImageFile.Part> = []
      for part in ImageFile.Part.allCases
      where try directory.status(ImageFile(id, part).name) != nil { parts.insert(part) }
      return parts
    }
  }

  /// Every object of a kind that has a file, and its parts. Other files are nobody's business.
  func listing(
    _ kind: ObjectID.Kind, in place: Place
  ) throws(BackendError) -> [(id: ObjectID, parts: Set<ImageFile.Part>)] {
    let names = try BackendError.attempt("list pool \(place.root.path)") {
      () throws(SystemCallError) in try place.directory(kind).names()
    }
    var parts: [ObjectID: Set<ImageFile.Part>] = [:]
    for case let file? in names.map({ ImageFile(name: $0) }) where file.id.kind == kind {
      parts[file.id, default: []].insert(file.part)
    }
    return parts.sorted { $0.key < $1.key }.map { (id: $0.key, parts: $0.value) }
  }

  /// Reads a record and holds it against its image. The size is what the image has.
  private func record(_ id: ObjectID, in place: Place) throws(BackendError) -> ImageRecord {
    let directory = place.directory(id.kind)
    let (bytes, status) = try BackendError.attempt("read \(id)") { () throws(SystemCallError) in
      let bytes: [UInt8]?
      do throws(SystemCallError) {
        bytes = try directory.read(
          ImageFile(id, .record).name, limit: ImageRecord.sizeLimit)
      } catch  where error.errno == .fileTooLarge {
        bytes = nil
      }
      return (bytes, try directory.status(ImageFile(id, .image).name))
    }
    guard let bytes else { throw broken(id, in: place, "its record is longer than any record") }
    var record: ImageRecord
    do {
      record = try ImageRecord(bytes, of: id)
    } catch {
      throw broken(id, in: place, "its record is not what was written: \(error.reason)")
    }
    guard let status, status.kind == .regular else {
      throw broken(id, in: place, "its image is no regular file")
    }
    guard status.size == record.size || status.size == record.growingTo else {
      throw broken(
        id, in: place, "its image has \(status.size) bytes and its record says \(record.size)")
    }
    record.size = status.size
    return record
  }

  private func broken(_ id: ObjectID, in place: Place, _ reason: String) -> BackendError {
    let path = "\(place.directory(id.kind).path)/\(id)"
    return BackendError(
      .broken, "\(id): \(reason); it is left alone until somebody has looked at \(path).*")
  }
}

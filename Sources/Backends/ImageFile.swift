/// The files of a volume or snapshot in a file pool, by name. An object is complete when it has an image
/// and a record; every other state is one that this order of steps passes through, or damage.
///
/// - make: `half` → filled and synchronized → `record` → `half` renamed to `image`
/// - remove: `image` renamed to `gone` → `record` unlinked → `gone` unlinked
///
/// So an image without a record, or a record without any of the others, is never ours to tidy up.
struct ImageFile: Hashable {
  enum Part: String, CaseIterable {
    case image = ".img"
    case record = ".json"
    /// A record while it is written
    case recordHalf = ".json.half"
    /// An image while it is made
    case half = ".half"
    /// An image while it is removed
    case gone = ".gone"
  }

  let id: ObjectID
  let part: Part

  init(_ id: ObjectID, _ part: Part) {
    self.id = id
    self.part = part
  }

  /// Nil for a name that no file of ours has.
  init?(name: String) {
    guard let dot = name.firstIndex(of: "."), let id = ObjectID(String(name[..<dot])),
      let part = Part(rawValue: String(name[dot...]))
    else { return nil }
    self.init(id, part)
  }

  var name: String { id.description + part.rawValue }
}

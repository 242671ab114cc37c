extension MessageDescriptor {
  /// Refuses what protobuf-c would let through: a string that is not UTF-8, which proto3 demands; a
  /// string with a NUL, which would be cut there; a message field that comes twice where it may come
  /// once, which the runtime would have to merge; a value of another wire type than its field's,
  /// which the runtime reads as a bool all the same.  Unknown fields are skipped.
  ///
  /// `map`: the map field whose entry the bytes are; it is what an error then names.
  func check(_ bytes: UnsafeRawBufferPointer, of map: String? = nil) throws(WireError) {
    var reader = unsafe WireReader(bytes, of: name)
    var seen: Set<UInt32> = []
    while let (number, value) = try unsafe reader.next() {
      guard let field = field(number) else { continue }
      let place = map ?? "\(name).\(field.name)"
      switch (field.kind, unsafe value) {
      case (.string, .bytes(let bytes)):
        guard unsafe !bytes.contains(0) else { throw WireError("\(place): has a NUL in it") }
        guard unsafe String(validating: bytes, as: UTF8.self) != nil else {
          throw WireError("\(place): is not UTF-8")
        }
      case (.message(let message), .bytes(let bytes)):
        guard field.isRepeated || seen.insert(number).inserted else {
          throw WireError("\(place): comes more than once")
        }
        try unsafe message.check(bytes, of: field.mapEntry == nil ? nil : place)
      case (.bytes, .bytes), (.bool, .varint), (.signed, .varint), (.unsigned, .varint),
        (.zigzag, .varint), (.enumeration, .varint), (.fixed32, .fixed32), (.float, .fixed32),
        (.fixed64, .fixed64), (.double, .fixed64):
        break
      case (.bool, .bytes), (.signed, .bytes), (.unsigned, .bytes), (.zigzag, .bytes),
        (.enumeration, .bytes), (.fixed32, .bytes), (.float, .bytes), (.fixed64, .bytes),
        (.double, .bytes):
        // A packed list, which the runtime reads.
        guard field.isRepeated else { fallthrough }
      default: throw WireError("\(place): malformed: not of the field's type")
      }
    }
  }
}

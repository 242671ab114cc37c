extension MessageDescriptor {
  /// Refuses what protobuf-c would let through: a string that is not UTF-8, which proto3 demands, a
  /// string with a NUL, which would be cut there, and a message field that comes twice where it may
  /// come once, which the runtime would have to merge.  Unknown fields are skipped.
  ///
  /// `map`: the map field whose entry the bytes are; it is what an error then names.
  func check(_ bytes: UnsafeRawBufferPointer, of map: String? = nil) throws(WireError) {
    var reader = unsafe WireReader(bytes, of: name)
    var seen: Set<UInt32> = []
    while let (number, value) = try unsafe reader.next() {
      guard let field = field(number), case .bytes(let bytes) = unsafe value else { continue }
      let place = map ?? "\(name).\(field.name)"
      switch field.kind {
      case .string:
        guard unsafe !bytes.contains(0) else {
          throw WireError("\(place): has a NUL in it")
        }
        guard unsafe String(validating: bytes, as: UTF8.self) != nil else {
          throw WireError("\(place): is not UTF-8")
        }
      case .message(let message):
        guard field.isRepeated || seen.insert(number).inserted else {
          throw WireError("\(place): comes more than once")
        }
        try unsafe message.check(bytes, of: field.mapEntry == nil ? nil : place)
      default: break
      }
    }
  }
}

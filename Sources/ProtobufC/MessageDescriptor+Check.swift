extension MessageDescriptor {
  /// Refuses what protobuf-c would let through: a string that is not UTF-8, which proto3 demands, a
  /// string with a NUL, which would be cut there, and a message field that comes twice where it may
  /// come once, which the runtime would have to merge.  Unknown fields are skipped.
  func check(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
    var reader = unsafe WireReader(bytes, of: name)
    var seen: Set<UInt32> = []
    while let (number, value) = try unsafe reader.next() {
      guard let field = field(number), case .bytes(let bytes) = unsafe value else { continue }
      switch field.kind {
      case .string:
        guard unsafe !bytes.contains(0) else {
          throw WireError("\(name).\(field.name): has a NUL in it")
        }
        guard unsafe String(validating: bytes, as: UTF8.self) != nil else {
          throw WireError("\(name).\(field.name): is not UTF-8")
        }
      case .message(let message):
        guard field.isRepeated || seen.insert(number).inserted else {
          throw WireError("\(name).\(field.name): comes more than once")
        }
        try unsafe message.check(bytes)
      default: break
      }
    }
  }
}

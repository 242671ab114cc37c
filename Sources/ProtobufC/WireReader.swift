/// A cursor over a message's bytes in protobuf's wire format.
@unsafe struct WireReader {
  /// A field's value as the wire has it.
  @unsafe enum Value {
    case varint(UInt64)
    case fixed64(UInt64)
    case fixed32(UInt32)
    case bytes(UnsafeRawBufferPointer)
  }

  private var rest: UnsafeRawBufferPointer.SubSequence
  private let name: String

  init(_ bytes: UnsafeRawBufferPointer, of name: String) {
    unsafe rest = unsafe bytes[...]
    unsafe self.name = name
  }

  /// The next field; nil at the end.
  mutating func next() throws(WireError) -> (number: UInt32, value: Value)? {
    if unsafe rest.isEmpty { return nil }
    let tag = try unsafe varint()
    guard let number = UInt32(exactly: tag >> 3), number >= 1, number < 1 << 29 else {
      throw WireError(unsafe "\(name): malformed: a field has a number that none may have")
    }
    switch tag & 7 {
    case 0: return unsafe (number, .varint(try varint()))
    case 1: return unsafe (number, .fixed64(try take(8).loadUnaligned(as: UInt64.self)))
    case 5: return unsafe (number, .fixed32(try take(4).loadUnaligned(as: UInt32.self)))
    case 2:
      let length = try unsafe varint()
      guard length <= UInt64(unsafe rest.count) else {
        throw WireError(unsafe "\(name): malformed: it ends within field \(number)")
      }
      return unsafe (number, .bytes(try take(Int(length))))
    default:
      throw WireError(
        unsafe "\(name): malformed: field \(number) has a wire type that proto3 lacks")
    }
  }

  private mutating func take(_ count: Int) throws(WireError) -> UnsafeRawBufferPointer {
    guard unsafe rest.count >= count else {
      throw WireError(unsafe "\(name): malformed: it ends within a field")
    }
    let bytes = unsafe UnsafeRawBufferPointer(rebasing: rest.prefix(count))
    unsafe rest = unsafe rest.dropFirst(count)
    return unsafe bytes
  }

  private mutating func varint() throws(WireError) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard let byte = unsafe rest.popFirst() else {
        throw WireError(unsafe "\(name): malformed: it ends within a number")
      }
      if shift == 63, byte > 1 { break }
      value |= UInt64(byte & 0x7f) << shift
      if byte & 0x80 == 0 { return value }
    }
    throw WireError(unsafe "\(name): malformed: a number has more than 64 bits")
  }
}

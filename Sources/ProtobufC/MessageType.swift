internal import CProtobufC

// Sendable: a C function and a generated constant.

/// A message type that protoc-c generated: how to unpack it from bytes and pack it into them.
@safe public struct MessageType<Wire>: @unchecked Sendable {
  /// What the type's fields are.
  public let descriptor: MessageDescriptor
  let initialize: (UnsafeMutablePointer<Wire>?) -> Void

  /// Names the type by its generated `…__init`: the descriptor itself cannot be named in Swift.
  public init(_ initialize: @escaping (UnsafeMutablePointer<Wire>?) -> Void) {
    unsafe self.initialize = unsafe initialize
    let arena = Arena()
    let message = unsafe arena.message(initialize)
    let base = unsafe UnsafeRawPointer(message).load(as: ProtobufCMessage.self)
    guard let descriptor = unsafe base.descriptor else {
      preconditionFailure("an initialised message names its descriptor")
    }
    unsafe self.descriptor = MessageDescriptor(descriptor)
  }

  /// Checks bytes strictly and unpacks them; the message lives while `body` runs.
  ///
  /// `arenaLimit`: what the unpacked message may take, in bytes.
  @unsafe public func unpack<R>(
    _ bytes: UnsafeRawBufferPointer, arenaLimit: Int = 64 << 20, _ body: (Wire) -> R
  ) throws(WireError) -> R {
    try unsafe descriptor.check(bytes)
    let arena = Arena(limit: arenaLimit)
    let message = unsafe arena.withAllocator { allocator in
      unsafe protobuf_c_message_unpack(
        descriptor.pointer, allocator, bytes.count,
        bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
    }
    guard let message = unsafe message else {
      throw WireError("\(descriptor.name): malformed, or larger than \(arenaLimit) bytes unpacked")
    }
    return withExtendedLifetime(arena) {
      unsafe body(UnsafeRawPointer(message).assumingMemoryBound(to: Wire.self).pointee)
    }
  }

  /// Has `fill` fill a new message, then `make` make a buffer of the given size and call its
  /// argument with it: the message is packed straight into that.
  @unsafe public func pack<R: ~Copyable>(
    _ fill: (inout Wire, Arena) -> Void,
    into make: (_ size: Int, _ pack: (UnsafeMutableRawBufferPointer) -> Void) -> R
  ) -> R {
    let arena = Arena()
    let message = unsafe arena.message(initialize) { wire in fill(&wire, arena) }
    return withExtendedLifetime(arena) {
      let base = unsafe UnsafeRawPointer(message).assumingMemoryBound(to: ProtobufCMessage.self)
      let size = unsafe protobuf_c_message_get_packed_size(base)
      return unsafe make(size) { buffer in
        precondition(buffer.count == size, "the buffer has the size that was asked for")
        let start = unsafe buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
        let written = unsafe protobuf_c_message_pack(base, start)
        precondition(written == size, "protobuf-c packs what it has measured")
      }
    }
  }
}

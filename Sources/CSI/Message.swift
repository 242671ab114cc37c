internal import GRPC
internal import ProtobufC

/// A message of csi.v1: a Swift value and how it is read from and written to protoc-c's struct.
protocol Message: Sendable {
  /// The struct that protoc-c generated.
  associatedtype Wire
  static var wireType: MessageType<Wire> { get }
  /// Copies everything: the struct and what it points to die after this.
  init(_ wire: Wire)
  /// Fills a freshly initialised struct; what it points to lives in the arena.
  func fill(_ wire: inout Wire, in arena: Arena)
}

extension Message {
  /// Reads a message from its bytes.
  init(decoding slice: borrowing Slice) throws(WireError) {
    self = try unsafe slice.withUnsafeBytes { (bytes) throws(WireError) -> Self in
      try unsafe Self.wireType.unpack(bytes) { Self($0) }
    }
  }

  /// The message's bytes, packed straight into the slice.
  func encoded() -> Slice {
    unsafe Self.wireType.pack({ wire, arena in
      fill(&wire, in: arena)
    }) { size, pack in
      unsafe Slice(size: size) { unsafe pack($0) }
    }
  }

  /// A message inside another one.
  func nested(in arena: Arena) -> UnsafeMutablePointer<Wire> {
    let message = unsafe arena.message(Self.wireType)
    unsafe fill(&message.pointee, in: arena)
    return unsafe message
  }
}

/// Reads a repeated field of messages.
func readMessages<Element: Message>(
  _ messages: UnsafeMutablePointer<UnsafeMutablePointer<Element.Wire>?>?, _ count: Int
) -> [Element] {
  unsafe UnsafeBufferPointer(start: messages, count: count).compactMap { message in
    unsafe message.map { unsafe Element($0.pointee) }
  }
}

public import CProtobufC

// Sendable: generated constants, which nobody writes.

/// What protoc-c says of a service.
@safe public struct ServiceDescriptor: @unchecked Sendable {
  private let pointer: UnsafePointer<ProtobufCServiceDescriptor>

  /// A generated descriptor, by its address.
  @unsafe public init(_ pointer: UnsafePointer<ProtobufCServiceDescriptor>) {
    unsafe self.pointer = pointer
  }

  /// A unary method.
  public struct Method: Sendable {
    /// `NodeStageVolume`
    public let name: String
    /// `/csi.v1.Node/NodeStageVolume`
    public let path: String
    /// What it is asked with and answers.
    public let request, response: MessageDescriptor
  }

  /// `Node`
  public var name: String { unsafe String(cString: pointer.pointee.short_name) }

  /// In the order of the .proto file.
  public var methods: [Method] {
    let service = unsafe String(cString: pointer.pointee.name)
    return (0..<Int(unsafe pointer.pointee.n_methods)).map { index in
      let method = unsafe pointer.pointee.methods[index]
      let name = unsafe String(cString: method.name)
      return Method(
        name: name, path: "/\(service)/\(name)",
        request: unsafe MessageDescriptor(method.input),
        response: unsafe MessageDescriptor(method.output))
    }
  }
}

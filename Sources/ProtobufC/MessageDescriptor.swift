internal import CProtobufC

// Sendable: generated constants, which nobody writes.

/// What protoc-c says of a message type.
@safe public struct MessageDescriptor: @unchecked Sendable {
  let pointer: UnsafePointer<ProtobufCMessageDescriptor>

  init(_ pointer: UnsafePointer<ProtobufCMessageDescriptor>) { unsafe self.pointer = pointer }

  /// `NodeStageVolumeRequest`
  public var name: String { unsafe String(cString: pointer.pointee.short_name) }

  /// `csi.v1.NodeStageVolumeRequest`
  public var fullName: String { unsafe String(cString: pointer.pointee.name) }

  /// Fields in the order of their numbers.
  public var fields: [FieldDescriptor] {
    (0..<Int(unsafe pointer.pointee.n_fields)).map {
      unsafe FieldDescriptor(pointer.pointee.fields + $0)
    }
  }

  /// The field with this number.
  public func field(_ number: UInt32) -> FieldDescriptor? {
    unsafe protobuf_c_message_descriptor_get_field(pointer, number).map {
      unsafe FieldDescriptor($0)
    }
  }
}

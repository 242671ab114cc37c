internal import CProtobufC

// Sendable: generated constants, which nobody writes.

/// What protoc-c says of a field.
@safe public struct FieldDescriptor: @unchecked Sendable {
  private let pointer: UnsafePointer<ProtobufCFieldDescriptor>

  init(_ pointer: UnsafePointer<ProtobufCFieldDescriptor>) { unsafe self.pointer = pointer }

  /// The kinds of values that a field can have, as far as proto3 has them.
  enum Kind {
    case signed, zigzag, unsigned, fixed32, fixed64, float, double, bool, string, bytes
    case enumeration, message(MessageDescriptor)
  }

  /// `volume_id`
  public var name: String { unsafe String(cString: pointer.pointee.name) }

  /// `volumeId`, as proto3's JSON mapping has it.
  public var jsonName: String {
    var isUpper = false
    var result = ""
    for character in name {
      if character == "_" {
        isUpper = true
      } else {
        result += isUpper ? character.uppercased() : String(character)
        isUpper = false
      }
    }
    return result
  }

  var number: UInt32 { unsafe pointer.pointee.id }
  var isRepeated: Bool { unsafe pointer.pointee.label == PROTOBUF_C_LABEL_REPEATED }

  var kind: Kind {
    switch unsafe pointer.pointee.type {
    case PROTOBUF_C_TYPE_INT32, PROTOBUF_C_TYPE_INT64: return .signed
    case PROTOBUF_C_TYPE_SINT32, PROTOBUF_C_TYPE_SINT64: return .zigzag
    case PROTOBUF_C_TYPE_UINT32, PROTOBUF_C_TYPE_UINT64: return .unsigned
    case PROTOBUF_C_TYPE_FIXED32, PROTOBUF_C_TYPE_SFIXED32: return .fixed32
    case PROTOBUF_C_TYPE_FIXED64, PROTOBUF_C_TYPE_SFIXED64: return .fixed64
    case PROTOBUF_C_TYPE_FLOAT: return .float
    case PROTOBUF_C_TYPE_DOUBLE: return .double
    case PROTOBUF_C_TYPE_BOOL: return .bool
    case PROTOBUF_C_TYPE_STRING: return .string
    case PROTOBUF_C_TYPE_ENUM: return .enumeration
    case PROTOBUF_C_TYPE_MESSAGE:
      guard let descriptor = unsafe pointer.pointee.descriptor else { return .bytes }
      return unsafe .message(
        MessageDescriptor(descriptor.assumingMemoryBound(to: ProtobufCMessageDescriptor.self)))
    default: return .bytes
    }
  }

  /// Integers of 32 bits; JSON has them as numbers and those of 64 bits as strings.
  var is32Bit: Bool {
    switch unsafe pointer.pointee.type {
    case PROTOBUF_C_TYPE_INT32, PROTOBUF_C_TYPE_SINT32, PROTOBUF_C_TYPE_UINT32: true
    default: false
    }
  }

  /// A map's fields are repeated entries; protobuf-c keeps no other sign of them.
  var mapEntry: (key: FieldDescriptor, value: FieldDescriptor)? {
    guard isRepeated, case .message(let entry) = kind, entry.name.hasSuffix("Entry") else {
      return nil
    }
    let fields = entry.fields
    guard fields.count == 2, fields[0].name == "key", fields[1].name == "value" else { return nil }
    return (fields[0], fields[1])
  }

  func enumName(_ number: Int64) -> String? {
    guard let type = unsafe enumType, let number = Int32(exactly: number) else { return nil }
    return unsafe protobuf_c_enum_descriptor_get_value(type, number).map {
      unsafe String(cString: $0.pointee.name)
    }
  }

  /// The names that an enum has, in their own order; empty for other fields.
  var enumNames: [String] {
    guard case .enumeration = kind, let type = unsafe enumType else { return [] }
    return (0..<Int(unsafe type.pointee.n_values)).map {
      unsafe String(cString: type.pointee.values[$0].name)
    }
  }

  func enumNumber(_ name: String) -> Int64? {
    guard let type = unsafe enumType else { return nil }
    return unsafe protobuf_c_enum_descriptor_get_value_by_name(type, name).map {
      Int64(unsafe $0.pointee.value)
    }
  }

  private var enumType: UnsafePointer<ProtobufCEnumDescriptor>? {
    unsafe pointer.pointee.descriptor?.assumingMemoryBound(to: ProtobufCEnumDescriptor.self)
  }
}

import CCSI
import JSON

@testable import ProtobufC

/// Messages of csi.v1 and google.protobuf with every kind of field that CSI has.
enum Messages {
  static let stage = unsafe Subject(MessageType(csi__v1__node_stage_volume_request__init))
  static let publish = unsafe Subject(MessageType(csi__v1__node_publish_volume_request__init))
  static let stats = unsafe Subject(MessageType(csi__v1__node_get_volume_stats_response__init))
  static let probe = unsafe Subject(MessageType(csi__v1__probe_response__init))
  static let snapshot = unsafe Subject(MessageType(csi__v1__snapshot__init))
  static let listVolumes = unsafe Subject(MessageType(csi__v1__list_volumes_request__init))
  static let int32Value = unsafe Subject(MessageType(google__protobuf__int32_value__init))
  static let int64Value = unsafe Subject(MessageType(google__protobuf__int64_value__init))
  static let uint32Value = unsafe Subject(MessageType(google__protobuf__uint32_value__init))
  static let stringValue = unsafe Subject(MessageType(google__protobuf__string_value__init))
  static let doubleValue = unsafe Subject(MessageType(google__protobuf__double_value__init))
  static let bytesValue = unsafe Subject(MessageType(google__protobuf__bytes_value__init))
}

/// A message type without its C struct.
struct Subject: Sendable {
  let descriptor: MessageDescriptor
  private let check: @Sendable (_ bytes: [UInt8], _ arenaLimit: Int) -> String?

  init<Wire>(_ type: MessageType<Wire>) {
    descriptor = type.descriptor
    check = { bytes, arenaLimit in
      do throws(WireError) {
        try unpack(type, bytes, arenaLimit: arenaLimit) { _ in }
        return nil
      } catch {
        return error.description
      }
    }
  }

  /// Why bytes cannot be unpacked; nil when they can.
  func failure(_ bytes: [UInt8], arenaLimit: Int = 64 << 20) -> String? { check(bytes, arenaLimit) }

  /// Why a piece of JSON cannot be encoded; nil when it can.
  func failure(json: JSONValue) -> String? {
    do throws(WireError) {
      _ = try descriptor.bytes(json)
      return nil
    } catch {
      return error.description
    }
  }

  /// What a piece of JSON comes to: the bytes, as JSON again.
  func roundTrip(_ json: JSONValue) throws -> JSONValue {
    try descriptor.json(descriptor.bytes(json))
  }
}

/// What tests read out of the C struct.
let stageRequest = unsafe MessageType(csi__v1__node_stage_volume_request__init)

/// A message's bytes, put together field by field.
func wire(_ build: (inout WireBytes) -> Void) -> [UInt8] {
  var bytes = WireBytes()
  build(&bytes)
  return bytes.bytes
}

/// A `map<string, string>` entry.
func entry(_ key: [UInt8], _ value: [UInt8]) -> [UInt8] {
  wire {
    $0.append(1, bytes: key)
    $0.append(2, bytes: value)
  }
}

extension WireBytes {
  mutating func append(_ number: UInt32, _ text: String) { append(number, bytes: Array(text.utf8)) }
}

/// Unpacks, and has `body` read what came out.
func unpack<Wire, R>(
  _ type: MessageType<Wire>, _ bytes: [UInt8], arenaLimit: Int = 64 << 20, _ body: (Wire) -> R
) throws(WireError) -> R {
  try unsafe bytes.withUnsafeBufferPointer { (bytes) throws(WireError) -> R in
    try unsafe type.unpack(UnsafeRawBufferPointer(bytes), arenaLimit: arenaLimit, body)
  }
}

internal import CCSI
internal import ProtobufC

/// google.protobuf.Timestamp: an instant.
public struct Timestamp: Hashable, Sendable {
  /// Since 1970-01-01T00:00:00Z.
  public var seconds: Int64
  /// 0 to 999 999 999, counted forward also before 1970.
  public var nanoseconds: Int32

  /// All of it.
  public init(seconds: Int64, nanoseconds: Int32) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  /// Nanoseconds since 1970-01-01T00:00:00Z.
  public init(nanosecondsSince1970 count: Int64) {
    let (seconds, rest) = count.quotientAndRemainder(dividingBy: 1_000_000_000)
    self.init(
      seconds: rest < 0 ? seconds - 1 : seconds,
      nanoseconds: Int32(rest < 0 ? rest + 1_000_000_000 : rest))
  }
}

extension Timestamp: @unsafe Message {
  static let wireType = unsafe MessageType(google__protobuf__timestamp__init)

  init(_ wire: Google__Protobuf__Timestamp) {
    seconds = unsafe wire.seconds
    nanoseconds = unsafe wire.nanos
  }

  func fill(_ wire: inout Google__Protobuf__Timestamp, in arena: Arena) {
    unsafe wire.seconds = seconds
    unsafe wire.nanos = nanoseconds
  }
}

internal import CCSI
internal import ProtobufC

/// csi.v1.CapacityRange: sizes in bytes.
public struct CapacityRange: Hashable, Sendable {
  /// At least; 0: not set.
  public var requiredBytes: Int64
  /// At most; 0: not set.
  public var limitBytes: Int64

  /// All of it.
  public init(requiredBytes: Int64, limitBytes: Int64) {
    self.requiredBytes = requiredBytes
    self.limitBytes = limitBytes
  }
}

extension CapacityRange: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__capacity_range__init)

  init(_ wire: Csi__V1__CapacityRange) {
    requiredBytes = unsafe wire.required_bytes
    limitBytes = unsafe wire.limit_bytes
  }

  func fill(_ wire: inout Csi__V1__CapacityRange, in arena: Arena) {
    unsafe wire.required_bytes = requiredBytes
    unsafe wire.limit_bytes = limitBytes
  }
}

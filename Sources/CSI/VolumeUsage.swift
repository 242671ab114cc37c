internal import CCSI
internal import ProtobufC

/// csi.v1.VolumeUsage: how full a volume is.
public struct VolumeUsage: Hashable, Sendable {
  /// With the numbers of csi.proto.
  public enum Unit: Int32, Sendable {
    case unknown = 0, bytes, inodes
  }

  /// What is counted.
  public var unit: Unit
  /// How much there is in all.
  public var total: Int64
  /// How much is used.
  public var used: Int64
  /// How much can still be used.
  public var available: Int64

  /// All of it.
  public init(unit: Unit, total: Int64, used: Int64, available: Int64) {
    self.unit = unit
    self.total = total
    self.used = used
    self.available = available
  }
}

extension VolumeUsage: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__volume_usage__init)

  init(_ wire: Csi__V1__VolumeUsage) {
    unit = unsafe Unit(rawValue: Int32(bitPattern: wire.unit.rawValue)) ?? .unknown
    total = unsafe wire.total
    used = unsafe wire.used
    available = unsafe wire.available
  }

  func fill(_ wire: inout Csi__V1__VolumeUsage, in arena: Arena) {
    unsafe wire.unit = Csi__V1__VolumeUsage__Unit(UInt32(bitPattern: unit.rawValue))
    unsafe wire.total = total
    unsafe wire.used = used
    unsafe wire.available = available
  }
}

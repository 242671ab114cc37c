internal import CCSI
internal import ProtobufC

/// csi.v1.VolumeCondition: how a volume is.
public struct VolumeCondition: Hashable, Sendable {
  /// Whether somebody should look at it.
  public var abnormal: Bool
  /// What is the matter, for people.
  public var message: String

  /// All of it.
  public init(abnormal: Bool, message: String) {
    self.abnormal = abnormal
    self.message = message
  }
}

extension VolumeCondition: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__volume_condition__init)

  init(_ wire: Csi__V1__VolumeCondition) {
    abnormal = unsafe wire.abnormal != 0
    message = unsafe readString(wire.message)
  }

  func fill(_ wire: inout Csi__V1__VolumeCondition, in arena: Arena) {
    unsafe wire.abnormal = abnormal ? 1 : 0
    unsafe wire.message = arena.string(message)
  }
}

/// Bytes that are not the message that they should be, or a value that no message can carry.
///
/// It names fields, never values: a value may be a secret.
public struct WireError: Error, Hashable, Sendable, CustomStringConvertible {
  /// `NodeStageVolumeRequest.volume_id: not UTF-8`
  public let description: String

  /// An error with this text.
  public init(_ description: String) { self.description = description }
}

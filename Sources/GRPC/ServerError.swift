/// Why a server could not be made.
public struct ServerError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The address, what was done to it, and how that failed.
  public let description: String

  /// An error with this text.
  public init(_ description: String) { self.description = description }
}

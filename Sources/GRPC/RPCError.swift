/// A call's failure: what the peer gets to see.
public struct RPCError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What kind of failure it is; CSI's tables say what a caller does about each.
  public let code: StatusCode
  /// What failed, for people: kubelet copies it into events, so it carries no secret.
  public let message: String

  /// `.ok` is not a failure: a server answers it as `.unknown`.
  public init(_ code: StatusCode, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The code's name and the message.
  public var description: String { "\(code): \(message)" }
}

extension RPCError {
  /// Bytes that the message may take in the `grpc-message` header after percent-encoding. A peer
  /// takes 8 KiB of headers at most and, beyond that, would lose the status code along with them.
  private static let messageLimit = 4096

  /// The message as it goes to the wire: one line, no control characters, cut at the limit.
  var wireMessage: String {
    var result = ""
    var length = 0
    for scalar in message.unicodeScalars {
      let isControl = scalar.properties.generalCategory == .control
      let scalar = isControl ? " " : scalar
      let isVerbatim = scalar.isASCII && scalar != "%"
      length += isVerbatim ? 1 : 3 * UTF8.width(scalar)
      if length > Self.messageLimit - 9 { return result + "…" }
      result.unicodeScalars.append(scalar)
    }
    return result
  }
}

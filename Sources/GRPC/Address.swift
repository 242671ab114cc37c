/// Where a server listens or a client connects.
public enum Address: Hashable, Sendable, CustomStringConvertible {
  /// An absolute path. A client's may have no comma: the core takes one, even when it is encoded,
  /// for the end of an address.
  case unix(path: String)
  /// A name or a literal address, IPv6 without brackets; port 0 lets the kernel choose.
  case tcp(host: String, port: UInt16)

  /// Parses `unix:///csi/csi.sock`, `unix:/csi/csi.sock`, `/csi/csi.sock`,
  /// `tcp://127.0.0.1:10000` and `tcp://[::1]:10000`.
  public init(_ endpoint: String) throws(AddressError) {
    if endpoint.hasPrefix("tcp://") {
      self = try Self.tcp(endpoint.dropFirst("tcp://".count), of: endpoint)
      return
    }
    var path = endpoint[...]
    for prefix in ["unix://", "unix:"] where path.hasPrefix(prefix) {
      path = path.dropFirst(prefix.count)
      break
    }
    guard path.hasPrefix("/") else {
      throw AddressError(
        "endpoint '\(endpoint)': want unix:///absolute/path or tcp://host:port")
    }
    self = .unix(path: String(path))
  }

  private static func tcp(
    _ text: Substring, of endpoint: String
  ) throws(AddressError) -> Address {
    // UInt16 would take a sign as well.
    guard let colon = text.lastIndex(of: ":"),
      text[text.index(after: colon)...].allSatisfy({ ("0"..."9").contains($0) }),
      let port = UInt16(text[text.index(after: colon)...])
    else { throw AddressError("endpoint '\(endpoint)': want a port from 0 to 65535 at the end") }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      throw AddressError("endpoint '\(endpoint)': put an IPv6 address in brackets")
    }
    guard !host.isEmpty, !host.contains("/") else {
      throw AddressError("endpoint '\(endpoint)': want a host between tcp:// and the port")
    }
    return .tcp(host: String(host), port: port)
  }

  /// As `init(_:)` reads it.
  public var description: String {
    switch self {
    case .unix(let path): "unix://\(path)"
    case .tcp: "tcp://\(coreTarget)"
    }
  }

  /// As the C core reads it.
  var coreTarget: String {
    switch self {
    case .tcp(let host, let port):
      return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    case .unix(let path):
      // The core parses a URI: what has a meaning there is percent-encoded.
      var target = "unix:"
      for byte in path.utf8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "-"),
          UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
          target.unicodeScalars.append(Unicode.Scalar(byte))
        default:
          let digits = String(byte, radix: 16, uppercase: true)
          target += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
        }
      }
      return target
    }
  }
}

/// An endpoint that cannot be read.
public struct AddressError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The endpoint and what is wrong with it.
  public let description: String

  /// An error with this text.
  public init(_ description: String) { self.description = description }
}

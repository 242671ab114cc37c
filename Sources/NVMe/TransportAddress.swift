internal import Glibc

/// How NVMe commands travel.
public enum Transport: String, Hashable, Sendable, CaseIterable {
  case tcp, rdma, loop
}

/// One portal of a subsystem: `192.0.2.1:4420`, `[2001:db8::1]:4420`.
public struct TransportAddress: Hashable, Sendable, CustomStringConvertible {
  /// How it is spoken to.
  public let transport: Transport
  /// `traddr`: a numeric address in its canonical form, IPv6 without brackets.
  public let address: String
  /// `trsvcid`: the port.
  public let service: String

  /// Why a text is no portal.
  public struct Invalid: Error, Hashable, Sendable, CustomStringConvertible {
    /// For people; names the text.
    public let reason: String
    /// The reason.
    public var description: String { reason }
  }

  /// Parses a numeric IPv4 address or a bracketed IPv6 address and a port.  Names are refused: the
  /// kernel takes none, and what a name means may change while a volume is staged.
  public init(_ portal: String, transport: Transport) throws(Invalid) {
    func invalid(_ why: String) -> Invalid {
      Invalid(
        reason: "'\(portal.prefix(80))' is not a portal: \(why); want 192.0.2.1:4420 or "
          + "[2001:db8::1]:4420")
    }
    guard let colon = portal.utf8.lastIndex(of: UInt8(ascii: ":")) else {
      throw invalid("it has no port")
    }
    let service = String(portal[portal.utf8.index(after: colon)...])
    guard service.utf8.allSatisfy({ (0x30...0x39).contains($0) }), service.utf8.first != 0x30,
      let port = UInt16(service), port > 0
    else { throw invalid("the port is not a number from 1 to 65535") }
    var host = portal[..<colon]
    let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
    if isBracketed { host = host.dropFirst().dropLast() }
    guard
      let address = Self.canonical(String(host), isBracketed ? AF_INET6 : AF_INET)
    else { throw invalid("'\(host)' is not a numeric address") }
    self.transport = transport
    self.address = address
    self.service = String(port)
  }

  /// The kernel compares addresses as text: one spelling each.
  static func canonical(_ text: String, _ family: Int32) -> String? {
    guard !text.utf8.contains(0) else { return nil }
    var binary = in6_addr()
    guard unsafe inet_pton(family, text, &binary) == 1 else { return nil }
    var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    guard unsafe inet_ntop(family, &binary, &buffer, socklen_t(buffer.count)) != nil else {
      return nil
    }
    return String(
      decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// `192.0.2.1:4420`
  public var description: String {
    address.contains(":") ? "[\(address)]:\(service)" : "\(address):\(service)"
  }
}

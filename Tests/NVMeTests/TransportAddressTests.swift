import Testing

@testable import NVMe

@Suite("A portal")
struct TransportAddressTests {
  @Test(
    "has one spelling",
    arguments: [
      ("192.0.2.1:4420", "192.0.2.1", "4420", "192.0.2.1:4420"),
      ("127.0.0.1:1", "127.0.0.1", "1", "127.0.0.1:1"),
      ("192.0.2.1:65535", "192.0.2.1", "65535", "192.0.2.1:65535"),
      ("[2001:db8::1]:4420", "2001:db8::1", "4420", "[2001:db8::1]:4420"),
      ("[2001:0DB8:0:0::0001]:4420", "2001:db8::1", "4420", "[2001:db8::1]:4420"),
      ("[::1]:4420", "::1", "4420", "[::1]:4420"),
      ("[::ffff:192.0.2.1]:4420", "::ffff:192.0.2.1", "4420", "[::ffff:192.0.2.1]:4420"),
    ])
  func valid(text: String, address: String, service: String, description: String) throws {
    let portal = try TransportAddress(text, transport: .tcp)
    #expect(portal.transport == .tcp)
    #expect(portal.address == address)
    #expect(portal.service == service)
    #expect("\(portal)" == description)
  }

  @Test(
    "is refused with a reason",
    arguments: [
      ("", "it has no port"), ("192.0.2.1", "it has no port"),
      ("192.0.2.1:", "the port is not a number from 1 to 65535"),
      ("192.0.2.1:0", "the port is not a number from 1 to 65535"),
      ("192.0.2.1:04420", "the port is not a number from 1 to 65535"),
      ("192.0.2.1:65536", "the port is not a number from 1 to 65535"),
      ("192.0.2.1:+80", "the port is not a number from 1 to 65535"),
      ("192.0.2.1:nvme", "the port is not a number from 1 to 65535"),
      ("192.0.2.1:4420\n", "the port is not a number from 1 to 65535"),
      (":4420", "'' is not a numeric address"),
      ("storage.example.com:4420", "'storage.example.com' is not a numeric address"),
      ("192.0.2:4420", "'192.0.2' is not a numeric address"),
      ("192.0.2.256:4420", "'192.0.2.256' is not a numeric address"),
      ("192.0.2.1,x=y:4420", "'192.0.2.1,x=y' is not a numeric address"),
      ("192.0.2.1\0:4420", "'192.0.2.1\0' is not a numeric address"),
      ("[192.0.2.1]:4420", "'192.0.2.1' is not a numeric address"),
      ("2001:db8::1:4420", "'2001:db8::1' is not a numeric address"),
      ("[2001:db8::1]", "the port is not a number from 1 to 65535"),
      ("[2001:db8::1:4420", "'[2001:db8::1' is not a numeric address"),
      ("[fe80::1%eth0]:4420", "'fe80::1%eth0' is not a numeric address"),
      (" 192.0.2.1:4420", "' 192.0.2.1' is not a numeric address"),
    ])
  func invalid(text: String, reason: String) {
    let error = #expect(throws: TransportAddress.Invalid.self) {
      try TransportAddress(text, transport: .tcp)
    }
    #expect(
      error?.reason
        == "'\(text)' is not a portal: \(reason); want 192.0.2.1:4420 or [2001:db8::1]:4420")
  }
}

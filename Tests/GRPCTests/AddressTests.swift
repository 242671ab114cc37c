import GRPC
import Testing

@Suite("An address")
struct AddressTests {
  struct Reading: Sendable, CustomTestStringConvertible {
    let endpoint: String
    let address: Address
    /// As it is written back; nil when that is the endpoint itself.
    var description: String?

    var testDescription: String { endpoint }
  }

  static let readable = [
    Reading(endpoint: "unix:///csi/csi.sock", address: .unix(path: "/csi/csi.sock")),
    Reading(
      endpoint: "unix:/csi/csi.sock", address: .unix(path: "/csi/csi.sock"),
      description: "unix:///csi/csi.sock"),
    Reading(
      endpoint: "/csi/csi.sock", address: .unix(path: "/csi/csi.sock"),
      description: "unix:///csi/csi.sock"),
    Reading(endpoint: "unix:///a b/50%.sock", address: .unix(path: "/a b/50%.sock")),
    Reading(endpoint: "unix:////csi.sock", address: .unix(path: "//csi.sock")),
    Reading(endpoint: "tcp://127.0.0.1:10000", address: .tcp(host: "127.0.0.1", port: 10000)),
    Reading(endpoint: "tcp://localhost:0", address: .tcp(host: "localhost", port: 0)),
    Reading(endpoint: "tcp://[::1]:65535", address: .tcp(host: "::1", port: 65535)),
    Reading(
      endpoint: "tcp://[127.0.0.1]:1", address: .tcp(host: "127.0.0.1", port: 1),
      description: "tcp://127.0.0.1:1"),
  ]

  @Test("reads an endpoint and writes it back", arguments: readable)
  func reads(_ reading: Reading) throws {
    let address = try Address(reading.endpoint)
    #expect(address == reading.address)
    #expect(address.description == reading.description ?? reading.endpoint)
    #expect(try Address(address.description) == address)
  }

  @Test(
    "refuses what names neither an absolute path nor a host and port, and says what it wants",
    arguments: [
      ("", "want unix:///absolute/path or tcp://host:port"),
      ("csi.sock", "want unix:///absolute/path or tcp://host:port"),
      ("unix:", "want unix:///absolute/path or tcp://host:port"),
      ("unix://", "want unix:///absolute/path or tcp://host:port"),
      ("unix://csi/csi.sock", "want unix:///absolute/path or tcp://host:port"),
      ("unix:csi.sock", "want unix:///absolute/path or tcp://host:port"),
      ("http://127.0.0.1:80", "want unix:///absolute/path or tcp://host:port"),
      ("TCP://127.0.0.1:80", "want unix:///absolute/path or tcp://host:port"),
      ("tcp://", "want a port from 0 to 65535 at the end"),
      ("tcp://127.0.0.1", "want a port from 0 to 65535 at the end"),
      ("tcp://127.0.0.1:", "want a port from 0 to 65535 at the end"),
      ("tcp://127.0.0.1:65536", "want a port from 0 to 65535 at the end"),
      ("tcp://127.0.0.1:-1", "want a port from 0 to 65535 at the end"),
      ("tcp://127.0.0.1:+1", "want a port from 0 to 65535 at the end"),
      ("tcp://127.0.0.1:80/", "want a port from 0 to 65535 at the end"),
      ("tcp://:80", "want a host between tcp:// and the port"),
      ("tcp://[]:80", "want a host between tcp:// and the port"),
      ("tcp://a/b:80", "want a host between tcp:// and the port"),
      ("tcp://::1:80", "put an IPv6 address in brackets"),
    ])
  func refuses(endpoint: String, reason: String) {
    #expect(throws: AddressError("endpoint '\(endpoint)': \(reason)")) { try Address(endpoint) }
  }
}

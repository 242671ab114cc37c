import CSI
import GRPC
import Testing

@testable import Driver

@Suite("What a request may carry")
struct SizeLimitsTests {
  @Test("of a map is 4 KiB, keys and values together")
  func map() {
    #expect(throws: Never.self) {
      try SizeLimits.check(["k": String(repeating: "v", count: 4095)], field: "parameters")
    }
    let error = #expect(throws: DriverError.self) {
      try SizeLimits.check(["k": String(repeating: "v", count: 4096)], field: "parameters")
    }
    #expect(error?.code == .invalidArgument)
    #expect(error?.message == "parameters has 4097 bytes; at most 4096 are allowed")
  }

  @Test(
    "as a node's id is graphic ASCII of up to 256 bytes",
    arguments: [
      ("node-1.example.org", true), (String(repeating: "n", count: 256), true), ("", false),
      (String(repeating: "n", count: 257), false), ("a b", false), ("a\n", false), ("é", false),
      ("\u{212A}", false),
    ])
  func nodeID(text: String, isPossible: Bool) {
    #expect(SizeLimits.canBeNodeID(text) == isPossible)
  }

  @Test("comes back in a message of one line that somebody may read")
  func messages() {
    let sent = "a\nERROR lost\u{202E}\t" + String(repeating: "x", count: 10_000)
    let message = RPCError(DriverError(.notFound, "volume \(sent) does not exist")).message
    #expect(message.hasPrefix("volume a ERROR lost  xxx"))
    #expect((4000...4099).contains(message.utf8.count))
    #expect(message.hasSuffix("x…"))
  }
}

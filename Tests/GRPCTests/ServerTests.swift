import Foundation
import GRPC
import Testing

@Suite("A server answers")
struct ServerTests {
  // 23 and 24 bytes lie on either side of the core's inline slices; 16 KiB + 1 takes two frames.
  @Test(
    "a message of any size comes back as it went",
    arguments: [0, 1, 23, 24, 16 << 10, 16 << 10 + 1, 1 << 20, 4 << 20 - 1],
    ["/test.Echo/Echo", "/test.Echo/Immediately"])
  func echoes(size: Int, path: String) async throws {
    try await withServerAndClient { _, client in
      let bytes = pattern(size)
      let answer = await outcome(of: client, path, bytes)
      #expect(answer == .success(bytes), "\(String(describing: answer.failure))")
    }
  }

  @Test("a request over the size limit is RESOURCE_EXHAUSTED, and the next call is answered")
  func sizeLimit() async throws {
    try await withServerAndClient { _, client in
      let answer = await outcome(of: client, "/test.Echo/Echo", pattern(4 << 20 + 1))
      #expect(
        answer
          == .failure(
            RPCError(
              .resourceExhausted, "Received message larger than max (4194305 vs. 4194304)")))
      #expect(await outcome(of: client, "/test.Echo/Echo", [1]) == .success([1]))
    }
  }

  @Test("an unknown method is UNIMPLEMENTED")
  func unknownMethod() async throws {
    try await withServerAndClient { _, client in
      #expect(
        await outcome(of: client, "/csi.v1.Node/Nothing", [1, 2])
          == .failure(RPCError(.unimplemented, "no method /csi.v1.Node/Nothing")))
    }
  }

  @Test("calls over TCP, IPv4")
  func tcp4() async throws { try await calls(over: "127.0.0.1") }

  @Test("calls over TCP, IPv6", .enabled(if: hasIPv6Loopback, "this machine has no IPv6"))
  func tcp6() async throws { try await calls(over: "::1") }

  /// /proc/net/if_inet6 has a line for each IPv6 address.
  private static let hasIPv6Loopback =
    (try? String(contentsOfFile: "/proc/net/if_inet6", encoding: .utf8))?
    .contains("00000000000000000000000000000001") == true

  private func calls(over host: String) async throws {
    try await withServer(at: .tcp(host: host, port: 0)) { server in
      let port = try #require(server.port)
      try await Client.with(.tcp(host: host, port: port)) { client in
        let answer = await outcome(of: client, "/test.Echo/Echo", [7])
        #expect(answer == .success([7]))
      }
    }
  }

  @Test("64 calls at once get each their own answer")
  func concurrent() async throws {
    try await withServerAndClient { _, client in
      let wrong = await withTaskGroup(of: Int.self) { group in
        for number in 0..<64 {
          group.addTask {
            let bytes = pattern(number * 100)
            let path = number.isMultiple(of: 2) ? "/test.Echo/Echo" : "/test.Echo/Immediately"
            var wrong = 0
            for _ in 0..<20 where await outcome(of: client, path, bytes) != .success(bytes) {
              wrong += 1
            }
            return wrong
          }
        }
        return await group.reduce(0, +)
      }
      #expect(wrong == 0)
    }
  }
}

import GRPC
import Testing

@Suite("A client", .timeLimit(.minutes(1)))
struct ClientTests {
  @Test("gets UNAVAILABLE at once when nobody listens")
  func nobody() async throws {
    try await withTemporaryDirectory { directory in
      try await Client.with(.unix(path: "\(directory)/none.sock")) { client in
        let start = ContinuousClock.now
        #expect(await outcome(of: client, echo.path).failureCode == .unavailable)
        #expect(ContinuousClock.now - start < .seconds(5))
      }
    }
  }

  @Test("reaches a server that comes up later, and one that has been restarted")
  func restarts() async throws {
    try await withTemporaryDirectory { directory in
      let address = Address.unix(path: "\(directory)/csi.sock")
      try await Client.with(address) { client in
        for _ in 0..<2 {
          #expect(await outcome(of: client, echo.path).failureCode == .unavailable)
          try await withServer(at: address) { _ in
            #expect(
              await eventually {
                await outcome(of: client, echo.path, [1]) == .success([1])
              })
          }
        }
      }
    }
  }

  @Test(
    "refuses what is not the path of a method",
    arguments: ["", "test.Echo/Echo", "/a b", "/a\nb", "/ä", "/a\0b"])
  func paths(path: String) async throws {
    try await withServerAndClient { _, client in
      #expect(
        await outcome(of: client, path)
          == .failure(RPCError(.invalidArgument, "'\(path)' is not the path of a method")))
    }
  }

  @Test("is closed when its scope ends: a call after that is UNAVAILABLE, one before is waited for")
  func scope() async throws {
    let handler = Holding("/test.Client/Hold")
    try await withTemporaryDirectory { directory in
      let address = Address.unix(path: "\(directory)/csi.sock")
      try await withServer(at: address, methods: [handler.method]) { _ in
        let (client, call) = try await Client.with(address) { client in
          let call = Task { await outcome(of: client, handler.method.path) }
          _ = await handler.context.value
          Task {
            try await Task.sleep(for: .milliseconds(50))
            handler.release.send()
          }
          return (client, call)
        }
        #expect(await call.value == .success([]))
        #expect(
          await outcome(of: client, echo.path)
            == .failure(RPCError(.unavailable, "\(echo.path): the client is closed")))
      }
    }
  }

  @Test("an answer over the client's size limit is RESOURCE_EXHAUSTED")
  func largeAnswer() async throws {
    let method = answering("/test.Client/Large") { _ in pattern(1 << 20) }
    try await withTemporaryDirectory { directory in
      let address = Address.unix(path: "\(directory)/csi.sock")
      try await withServer(at: address, methods: [method]) { _ in
        try await Client.with(address, maximumMessageSize: 1 << 20 - 1) { client in
          #expect(await outcome(of: client, method.path).failureCode == .resourceExhausted)
        }
        try await Client.with(address, maximumMessageSize: 1 << 20) { client in
          #expect(await outcome(of: client, method.path) == .success(pattern(1 << 20)))
        }
      }
    }
  }

  @Test("an error from the scope's body is thrown on, after the client is closed")
  func bodyThrows() async throws {
    await #expect(throws: RPCError(.aborted, "body")) {
      try await Client.with(.unix(path: "/nowhere.sock")) { _ in
        throw RPCError(.aborted, "body")
      }
    }
  }
}

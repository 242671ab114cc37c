import GRPC
import Glibc
import Testing

@Suite("A server's limits", .serialized, .timeLimit(.minutes(2)))
struct ServerLimitTests {
  @Test("a call beyond those allowed in flight is RESOURCE_EXHAUSTED; one that ends makes room")
  func inFlight() async throws {
    let handlers = [Holding("/test.Limit/First"), Holding("/test.Limit/Second")]
    try await withServerAndClient(
      methods: handlers.map(\.method) + [echo],
      configure: { $0.maximumCallsInFlight = 2 }
    ) { _, client in
      async let first = outcome(of: client, handlers[0].method.path)
      async let second = outcome(of: client, handlers[1].method.path)
      for handler in handlers { _ = await handler.context.value }
      let refusal = RPCError(
        .resourceExhausted,
        "/test.Echo/Echo: 2 calls are in flight already; try again when some have ended")
      #expect(await outcome(of: client, echo.path, [1]) == .failure(refusal))
      #expect(await outcome(of: client, echo.path, [1]) == .failure(refusal))
      handlers[0].release.send()
      #expect(await first == .success([]))
      // The caller may have its answer before the server has seen the call closed.
      #expect(
        await eventually { await outcome(of: client, echo.path, [1]) == .success([1]) })
      handlers[1].release.send()
      #expect(await second == .success([]))
    }
  }

  @Test("each of many calls too many gets its refusal at once instead of waiting at the peer")
  func manyTooMany() async throws {
    let handler = Holding("/test.Limit/Hold")
    try await withServerAndClient(
      methods: [handler.method], configure: { $0.maximumCallsInFlight = 4 }
    ) { _, client in
      let held = (0..<4).map { _ in Task { await outcome(of: client, handler.method.path) } }
      #expect(await eventually { handler.started == 4 })
      let codes = await withTaskGroup(of: StatusCode?.self) { group in
        for _ in 0..<500 {
          group.addTask { await outcome(of: client, handler.method.path).failureCode }
        }
        return await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
      }
      #expect(codes == [.resourceExhausted: 500])
      handler.release.send()
      for call in held { #expect(await call.value == .success([])) }
    }
  }

  @Test("two methods of one path are refused")
  func duplicateMethods() throws {
    let error = ServerError("unix:///nowhere.sock: two methods have the path /test.Echo/Echo")
    #expect(throws: error) {
      _ = try Server(.init(address: .unix(path: "/nowhere.sock")), methods: [echo, echo])
    }
  }

  @Test("a TCP address that is taken is refused, and the server that has it goes on")
  func tcpTaken() async throws {
    try await withServer(at: .tcp(host: "127.0.0.1", port: 0)) { server in
      let address = Address.tcp(host: "127.0.0.1", port: try #require(server.port))
      let error = #expect(throws: ServerError.self) {
        _ = try Server(.init(address: address), methods: [])
      }
      #expect(error?.description.hasPrefix("listen at \(address): the address is in use") == true)
      try await Client.with(address) { client in
        #expect(await outcome(of: client, echo.path, [1]) == .success([1]))
      }
    }
  }

  @Test("a handler that runs immediately stays on the queue's thread, another never gets there")
  func threads() async throws {
    let method = { (path: String, immediately: Bool) in
      Method(path, runsImmediately: immediately) { _, _ throws(RPCError) in
        let before = currentThreadName()
        await Task.yield()
        return Slice(before + [UInt8(ascii: " ")] + currentThreadName())
      }
    }
    try await withServerAndClient(methods: [method("/t/Now", true), method("/t/Later", false)]) {
      _, client in
      let queue = Array("grpc-queue".utf8)
      for _ in 0..<10 {
        let now = try await client.call("/t/Now", Slice([]))
        #expect(now.bytes == queue + [UInt8(ascii: " ")] + queue)
        let later = try await client.call("/t/Later", Slice([])).bytes
        #expect(!later.starts(with: queue) && !later.reversed().starts(with: queue.reversed()))
      }
    }
  }

  @Test("ten thousand calls leave no descriptor and no thread behind")
  func manyCalls() async throws {
    try await withServerAndClient { _, client in
      #expect(await outcome(of: client, echo.path, [1]) == .success([1]))
      let before = Resources()
      let wrong = await withTaskGroup(of: Int.self) { group in
        for worker in 0..<16 {
          group.addTask {
            let path = worker.isMultiple(of: 2) ? echo.path : echoImmediately.path
            var wrong = 0
            for _ in 0..<625 where await outcome(of: client, path, [1, 2]) != .success([1, 2]) {
              wrong += 1
            }
            return wrong
          }
        }
        return await group.reduce(0, +)
      }
      #expect(wrong == 0)
      await expectNoGrowth(since: before)
    }
  }

  @Test("three hundred servers and clients, one after the other on one path, leave nothing behind")
  func manyServers() async throws {
    try await withTemporaryDirectory { directory in
      let address = Address.unix(path: "\(directory)/csi.sock")
      let before = Resources()
      for _ in 0..<300 {
        try await withServer(at: address) { _ in
          try await Client.with(address) { client in
            #expect(await outcome(of: client, echo.path, [1]) == .success([1]))
          }
        }
      }
      #expect(names(in: directory) == [])
      await expectNoGrowth(since: before)
    }
  }
}

private func currentThreadName() -> [UInt8] {
  guard let file = unsafe fopen("/proc/thread-self/comm", "r") else { return [] }
  defer { unsafe fclose(file) }
  var name = [UInt8](repeating: 0, count: 32)
  let count = unsafe fread(&name, 1, name.count, file)
  return Array(name.prefix(max(count - 1, 0)))
}

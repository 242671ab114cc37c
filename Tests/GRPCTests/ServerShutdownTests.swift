import GRPC
import Testing

@Suite("A server shuts down", .serialized, .timeLimit(.minutes(1)))
struct ServerShutdownTests {
  @Test("at once when it is idle, with nobody and with an idle caller connected")
  func idle() async throws {
    try await withTemporaryDirectory { directory in
      let address = Address.unix(path: "\(directory)/csi.sock")
      let server = try Server(patient(address), methods: [echo])
      async let running: Void = server.run()
      server.shutDown()
      await running
      #expect(names(in: directory) == [])

      try await withServerAndStop(at: address) { server, stop in
        try await Client.with(address) { client in
          #expect(await outcome(of: client, echo.path, [1]) == .success([1]))
          let start = ContinuousClock.now
          await stop()
          #expect(ContinuousClock.now - start < .seconds(45))
          #expect(await outcome(of: client, echo.path, [1]).failureCode == .unavailable)
        }
      }
    }
  }

  @Test("after the calls in flight have been answered; new ones are UNAVAILABLE meanwhile")
  func callsFinish() async throws {
    let handler = Holding("/test.Shutdown/Hold")
    try await withTemporaryDirectory { directory in
      let address = Address.unix(path: "\(directory)/csi.sock")
      try await withServerAndStop(at: address, methods: [handler.method, echo]) { server, stop in
        try await Client.with(address) { client in
          async let held = outcome(of: client, handler.method.path)
          let context = await handler.context.value
          server.shutDown()
          #expect(
            await eventually { await outcome(of: client, echo.path).failureCode == .unavailable })
          #expect(!context.isCancelled)
          handler.release.send()
          #expect(await held == .success([]))
          await stop()
          #expect(await handler.taskWasCancelled.value == false)
        }
      }
    }
  }

  @Test("when the grace is over: callers get UNAVAILABLE, handlers' tasks are cancelled")
  func graceEnds() async throws {
    let wasCancelled = Signal<Bool>()
    let started = Signal<Void>()
    let method = answering("/test.Shutdown/Sleep") { context in
      started.send()
      try? await Task.sleep(for: .seconds(3600))
      wasCancelled.send(Task.isCancelled && context.isCancelled)
      return []
    }
    try await withTemporaryDirectory { directory in
      let address = Address.unix(path: "\(directory)/csi.sock")
      try await withServerAndStop(
        at: address, methods: [method], grace: .milliseconds(200)
      ) { server, stop in
        try await Client.with(address) { client in
          async let held = outcome(of: client, method.path)
          await started.value
          let start = ContinuousClock.now
          await stop()
          #expect(ContinuousClock.now - start >= .milliseconds(200))
          #expect(await held == .failure(RPCError(.unavailable, "Cancelling all calls")))
          _ = await wasCancelled.value
        }
      }
    }
  }

  @Test("only when a handler that heeds nothing has returned; its caller knows before")
  func stubbornHandler() async throws {
    let handler = Holding("/test.Shutdown/Hold")
    try await withTemporaryDirectory { directory in
      let address = Address.unix(path: "\(directory)/csi.sock")
      let hasReturned = Signal<Void>()
      let server = try Server(patient(address, grace: .milliseconds(10)), methods: [handler.method])
      let running = Task {
        await server.run()
        hasReturned.send()
      }
      try await Client.with(address) { client in
        async let held = outcome(of: client, handler.method.path)
        let context = await handler.context.value
        server.shutDown()
        #expect(await held.failureCode == .unavailable)
        #expect(await eventually { context.isCancelled })
        try await Task.sleep(for: .milliseconds(100))
        #expect(!hasReturned.isSent)
        handler.release.send()
      }
      await running.value
      #expect(names(in: directory) == [])
    }
  }

  @Test("once, however often and from wherever it is told to")
  func repeatedly() async throws {
    try await withTemporaryDirectory { directory in
      let address = Address.unix(path: "\(directory)/csi.sock")
      for _ in 0..<20 {
        let server = try Server(patient(address), methods: [echo])
        async let running: Void = server.run()
        await withTaskGroup { group in
          for _ in 0..<8 { group.addTask { server.shutDown() } }
        }
        await running
        server.shutDown()
      }
    }
  }

  @Test("as soon as it runs, when it was told to before")
  func beforeRun() async throws {
    try await withTemporaryDirectory { directory in
      let server = try Server(patient(.unix(path: "\(directory)/csi.sock")), methods: [echo])
      server.shutDown()
      server.shutDown()
      await server.run()
      #expect(names(in: directory) == [])
    }
  }

  @Test("when its task is cancelled, and cancels the handlers' tasks without a grace")
  func taskCancelled() async throws {
    let started = Signal<Void>()
    let method = answering("/test.Shutdown/Sleep") { _ in
      started.send()
      try? await Task.sleep(for: .seconds(3600))
      return [UInt8(Task.isCancelled ? 1 : 0)]
    }
    try await withTemporaryDirectory { directory in
      let address = Address.unix(path: "\(directory)/csi.sock")
      let server = try Server(patient(address, grace: .seconds(3600)), methods: [method])
      let running = Task { await server.run() }
      try await Client.with(address) { client in
        async let held = outcome(of: client, method.path)
        await started.value
        running.cancel()
        await running.value
        let answer = await held
        #expect(answer == .success([1]) || answer.failureCode == .unavailable, "\(answer)")
      }
      #expect(names(in: directory) == [])
    }
  }

  @Test("when its task was cancelled before it ran")
  func taskCancelledBefore() async throws {
    try await withTemporaryDirectory { directory in
      let server = try Server(patient(.unix(path: "\(directory)/csi.sock")), methods: [echo])
      let isCancelled = Signal<Void>()
      let running = Task {
        await isCancelled.value
        await server.run()
      }
      running.cancel()
      isCancelled.send()
      await running.value
      #expect(names(in: directory) == [])
    }
  }

  @Test("with hundreds of calls arriving meanwhile, each of which ends")
  func underLoad() async throws {
    try await withTemporaryDirectory { directory in
      let address = Address.unix(path: "\(directory)/csi.sock")
      for round in 0..<10 {
        let server = try Server(
          patient(address, grace: .milliseconds(Int64(round))), methods: [echo, echoImmediately])
        async let running: Void = server.run()
        try await Client.with(address) { client in
          await withTaskGroup { group in
            for number in 0..<100 {
              group.addTask {
                for _ in 0..<5 {
                  let path = number.isMultiple(of: 2) ? echo.path : echoImmediately.path
                  let answer = await outcome(of: client, path, [3])
                  // The core resets a call that arrives between shutdown and GOAWAY: CANCELLED.
                  let codes: [StatusCode?] = [.unavailable, .cancelled]
                  #expect(
                    answer == .success([3]) || codes.contains(answer.failureCode), "\(answer)")
                }
              }
            }
            group.addTask {
              try? await Task.sleep(for: .milliseconds(Int64(round)))
              server.shutDown()
            }
          }
        }
        await running
      }
      #expect(names(in: directory) == [])
    }
  }

  @Test("past peers that connected and then said nothing, or nothing more than hello")
  func silentPeers() async throws {
    try await withTemporaryDirectory { directory in
      let path = "\(directory)/csi.sock"
      try await withServerAndStop(at: .unix(path: path), grace: .milliseconds(300)) { _, stop in
        let silent = try Peer(path)
        let polite = try Peer(path)
        polite.send(HTTP2.preface)
        let halfWay = try Peer(path)
        halfWay.send(HTTP2.preface + HTTP2.headers(echo.path))
        try await Task.sleep(for: .milliseconds(50))
        let start = ContinuousClock.now
        await stop()
        // The core gives them 20 s to say more, which a shutdown must not wait for.
        #expect(ContinuousClock.now - start < .seconds(19))
        for peer in [silent, polite, halfWay] { peer.close() }
      }
      #expect(names(in: directory) == [])
    }
  }

  @Test("when it is dropped without having run, so that its address is free")
  func neverRan() async throws {
    try await withTemporaryDirectory { directory in
      let address = Address.unix(path: "\(directory)/csi.sock")
      for _ in 0..<3 { _ = try Server(patient(address), methods: [echo]) }
      #expect(names(in: directory) == [])
      try await withServer(at: address) { _ in }
    }
  }

  /// A configuration whose grace never ends by itself, so that a test does not pass because of it.
  private func patient(_ address: Address, grace: Duration = .seconds(50)) -> Server.Configuration {
    var configuration = Server.Configuration(address: address)
    configuration.shutdownGrace = grace
    return configuration
  }

  /// Hands `body` what shuts the server down and waits until it has ended.
  private func withServerAndStop(
    at address: Address, methods: [Method] = [echo], grace: Duration = .seconds(50),
    _ body: (Server, () async -> Void) async throws -> Void
  ) async throws {
    let server = try Server(patient(address, grace: grace), methods: methods)
    let running = Task { await server.run() }
    try await body(server) {
      server.shutDown()
      await running.value
    }
    server.shutDown()
    await running.value
  }
}

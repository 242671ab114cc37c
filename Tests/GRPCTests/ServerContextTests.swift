import GRPC
import Testing

@Suite("A handler's context", .timeLimit(.minutes(1)))
struct ServerContextTests {
  @Test("has the caller's deadline, to within the second that the wire's rounding may take")
  func deadline() async throws {
    let seen = Signal<ContinuousClock.Instant?>()
    let method = answering("/test.Context/Deadline") { context in
      seen.send(context.deadline)
      return []
    }
    try await withServerAndClient(methods: [method]) { _, client in
      let deadline = ContinuousClock.now + .seconds(90)
      #expect(await outcome(of: client, method.path, deadline: deadline) == .success([]))
      let difference = try #require(await seen.value).duration(to: deadline)
      #expect(difference < .seconds(30) && difference > .seconds(-30), "\(difference)")
    }
  }

  @Test("has no deadline when the caller waits for ever, or for longer than a century")
  func noDeadline() async throws {
    let method = answering("/test.Context/Deadline") { context in
      context.deadline == nil ? [1] : [0]
    }
    try await withServerAndClient(methods: [method]) { _, client in
      #expect(await outcome(of: client, method.path) == .success([1]))
      let far = ContinuousClock.now + .seconds(3_600 * 24 * 366 * 150)
      // The core caps a deadline on the wire at some years: no more is promised than an answer.
      guard case .success = await outcome(of: client, method.path, deadline: far) else {
        Issue.record("a deadline far away failed the call")
        return
      }
    }
  }

  @Test("is cancelled when the deadline passes, and the caller gets DEADLINE_EXCEEDED")
  func deadlinePasses() async throws {
    let handler = Holding("/test.Context/Hold")
    try await withServerAndClient(methods: [handler.method]) { _, client in
      // Long enough to reach the handler on a machine that runs every other suite meanwhile.
      let start = ContinuousClock.now
      let answer = await outcome(
        of: client, handler.method.path, deadline: start + .seconds(3))
      #expect(answer == .failure(RPCError(.deadlineExceeded, "Deadline Exceeded")))
      #expect(ContinuousClock.now >= start + .seconds(3))
      let context = await handler.context.value
      #expect(await eventually { context.isCancelled })
      handler.release.send()
    }
  }

  @Test("a deadline in the past is DEADLINE_EXCEEDED", arguments: [-1, -1_000_000, -.max / 4])
  func deadlineInThePast(seconds: Int64) async throws {
    try await withServerAndClient { _, client in
      let answer = await outcome(
        of: client, echo.path, [1], deadline: .now + .seconds(max(seconds, -4_000_000_000)))
      #expect(answer.failureCode == .deadlineExceeded)
      #expect(await outcome(of: client, echo.path, [1]) == .success([1]))
    }
  }

  @Test("is cancelled when the caller cancels; the handler's task is not")
  func clientCancels() async throws {
    let handler = Holding("/test.Context/Hold")
    try await withServerAndClient(methods: [handler.method]) { _, client in
      let call = Task { await outcome(of: client, handler.method.path) }
      let context = await handler.context.value
      #expect(!context.isCancelled)
      call.cancel()
      #expect(await call.value.failureCode == .cancelled)
      #expect(await eventually { context.isCancelled })
      handler.release.send()
      #expect(await handler.taskWasCancelled.value == false)
    }
  }

  @Test("a call from a task that is cancelled already fails with CANCELLED")
  func cancelledBefore() async throws {
    try await withServerAndClient { _, client in
      let isCancelled = Signal<Void>()
      let call = Task {
        await isCancelled.value
        return await outcome(of: client, echo.path, [1])
      }
      call.cancel()
      isCancelled.send()
      #expect(await call.value.failureCode == .cancelled)
    }
  }

  @Test("a cancellation that races with the answer ends the call one way or the other")
  func cancellationRaces() async throws {
    try await withServerAndClient { _, client in
      for round in 0..<300 {
        let call = Task { await outcome(of: client, echoImmediately.path, [7]) }
        for _ in 0..<(round % 50) { await Task.yield() }
        call.cancel()
        let answer = await call.value
        #expect(answer == .success([7]) || answer.failureCode == .cancelled, "\(answer)")
      }
      #expect(await outcome(of: client, echo.path, [1]) == .success([1]))
    }
  }

  @Test("is cancelled when the caller's connection breaks")
  func peerVanishes() async throws {
    let handler = Holding("/test.Context/Hold")
    try await withTemporaryDirectory { directory in
      let path = "\(directory)/csi.sock"
      try await withServer(at: .unix(path: path), methods: [handler.method]) { _ in
        let peer = try Peer(path)
        peer.send(HTTP2.preface + HTTP2.request(handler.method.path, message: [1, 2, 3]))
        let context = await handler.context.value
        #expect(!context.isCancelled)
        peer.close()
        #expect(await eventually { context.isCancelled })
        handler.release.send()
      }
    }
  }

  @Test("is not cancelled by a call that ends as it should")
  func endsWell() async throws {
    let seen = Signal<ServerContext>()
    let method = answering("/test.Context/See") { context in
      seen.send(context)
      return []
    }
    try await withServerAndClient(methods: [method]) { _, client in
      #expect(await outcome(of: client, method.path) == .success([]))
      // One more call on the connection: by then the end of the first has been handled.
      #expect(await outcome(of: client, method.path) == .success([]))
      let context = await seen.value
      #expect(!context.isCancelled)
      #expect(context.method == "/test.Context/See")
    }
  }

  @Test("has the caller's metadata, in order, binary values as bytes")
  func metadata() async throws {
    let seen = Signal<Metadata>()
    let method = answering("/test.Context/Metadata") { context in
      seen.send(context.metadata)
      return []
    }
    let sent = [
      Metadata.Element(key: "x-volume", value: Array("pvc-1".utf8)),
      Metadata.Element(key: "x-bytes-bin", value: Array(0...255)),
      Metadata.Element(key: "x-volume", value: Array("pvc-2, with a comma".utf8)),
      Metadata.Element(key: "x-none", value: []),
      Metadata.Element(key: "x-none-bin", value: []),
    ]
    try await withServerAndClient(methods: [method]) { _, client in
      var metadata = Metadata()
      metadata.elements = sent
      #expect(await outcome(of: client, method.path, metadata: metadata) == .success([]))
      #expect(await seen.value.elements.filter { $0.key.hasPrefix("x-") } == sent)
    }
  }

  @Test(
    "metadata that HTTP/2 does not allow fails the call before it is sent",
    arguments: [
      ("Upper", "a"), ("", "a"), ("a b", "a"), (":path", "/"), ("é", "a"), ("x-line", "a\nb"),
      ("x-nul", "\0"), ("x-high", "é"),
    ])
  func illegalMetadata(key: String, value: String) async throws {
    try await withServerAndClient { _, client in
      var metadata = Metadata()
      metadata.elements = [.init(key: key, value: Array(value.utf8))]
      #expect(
        await outcome(of: client, echo.path, metadata: metadata)
          == .failure(
            RPCError(.invalidArgument, "metadata '\(key)': the key or its value is not legal")))
    }
  }
}

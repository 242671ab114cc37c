import MetricsEndpoint
import ServiceLifecycle
import ServiceLifecycleTestKit
import Synchronization
import Testing

@Suite("Metrics endpoint", .timeLimit(.minutes(3))) struct MetricsEndpointTests {
  private func response(
    _ status: String, _ body: String, type: String = "text/plain; charset=utf-8",
    allow: String = "", length: Int? = nil
  ) -> String {
    "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\n"
      + "Content-Length: \(length ?? body.utf8.count)\r\nConnection: close\r\n\(allow)\r\n\(body)"
  }

  // `#expect` does not take an equation that throws.
  private func expectEqual(
    _ actual: String, _ expected: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(actual == expected, sourceLocation: sourceLocation)
  }

  private let metricsType = "text/plain; version=0.0.4; charset=utf-8"

  @Test("A scrape gets the closure's text, asked for anew each time")
  func scrape() async throws {
    let scrapes = Mutex(0)
    var closures = Closures()
    closures.metrics = {
      scrapes.withLock { scrapes in
        scrapes += 1
        return "# é\na \(scrapes)\n"
      }
    }
    try await withEndpoint(closures) { port in
      for index in 1...3 {
        try await expectEqual(
          Peer.get(port, index == 2 ? "/metrics?x=/y" : "/metrics"),
          response("200 OK", "# é\na \(index)\n", type: metricsType))
      }
    }
  }

  @Test("A large text comes whole")
  func large() async throws {
    let text = String(repeating: "a_metric_with_a_name{and=\"a label\"} 1\n", count: 200_000)
    var closures = Closures()
    closures.metrics = { text }
    try await withEndpoint(closures) { port in
      try await expectEqual(Peer.get(port, "/metrics"), response("200 OK", text, type: metricsType))
    }
  }

  @Test("HEAD is GET without the body")
  func head() async throws {
    try await withEndpoint { port in
      try await expectEqual(
        Peer.ask(port, "HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n"),
        response("200 OK", "", type: metricsType, length: 4))
      try await expectEqual(
        Peer.ask(port, "HEAD /nothing HTTP/1.1\r\nHost: a\r\n\r\n"),
        response("404 Not Found", "", length: 41))
    }
  }

  @Test(
    "Other paths are not found", arguments: ["/", "/metrics/", "/metricsx", "/../metrics", "*"])
  func notFound(path: String) async throws {
    try await withEndpoint { port in
      try await expectEqual(
        Peer.get(port, path),
        response("404 Not Found", "there are /metrics, /healthz and /readyz\n"))
    }
  }

  @Test("Other methods are not allowed", arguments: ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
  func methodNotAllowed(method: String) async throws {
    let answer = response(
      "405 Method Not Allowed", "only GET and HEAD are allowed\n", allow: "Allow: GET, HEAD\r\n")
    try await withEndpoint { port in
      try await expectEqual(
        Peer.ask(
          port, "\(method) /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"), answer)
    }
  }

  @Test("What is not HTTP is a bad request, and only the first request is answered")
  func protocolErrors() async throws {
    try await withEndpoint { port in
      let answer = try await Peer.ask(port, "hello\r\n\r\n")
      #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
      let request = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
      try await expectEqual(Peer.ask(port, request + request), response("200 OK", "ok\n"))
    }
  }

  @Test("Health is what the closures say")
  func health() async throws {
    let reason = Mutex<String?>(nil)
    var closures = Closures()
    closures.readyz = { reason.withLock { $0 } }
    try await withEndpoint(closures) { port in
      try await expectEqual(Peer.get(port, "/readyz"), response("200 OK", "ok\n"))
      reason.withLock { $0 = "nvme-tcp is not loaded" }
      try await expectEqual(
        Peer.get(port, "/readyz"), response("503 Service Unavailable", "nvme-tcp is not loaded\n"))
      try await expectEqual(Peer.get(port, "/healthz"), response("200 OK", "ok\n"))
    }
  }

  @Test("Closures that hang are answered for at the deadline, and called once")
  func hangingClosures() async throws {
    let gate = Gate()
    var closures = Closures()
    closures.readyz = {
      await gate.pass()
      return nil
    }
    closures.metrics = {
      await gate.pass()
      return "a 1\n"
    }
    try await withEndpoint(
      closures,
      configure: {
        $0.healthDeadline = .milliseconds(100)
        $0.metricsDeadline = .milliseconds(200)
      }
    ) { port in
      for _ in 0..<3 {
        try await expectEqual(
          Peer.get(port, "/readyz"),
          response("503 Service Unavailable", "no answer within 0.1 seconds\n"))
        try await expectEqual(
          Peer.get(port, "/metrics"),
          response("503 Service Unavailable", "no metrics within 0.2 seconds\n"))
      }
      #expect(gate.entered == 2)
      gate.open()
      #expect(
        try await eventually { try await Peer.get(port, "/metrics").hasSuffix("\r\n\r\na 1\n") })
    }
  }

  @Test(
    "A peer that does not finish its request is closed at the timeout",
    arguments: [
      "", "G", "GET /metrics HTTP/1.1\r\nHost: a\r\nX-",
      "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n",
    ])
  func slowSender(text: String) async throws {
    try await withEndpoint(configure: { $0.peerTimeout = .milliseconds(300) }) { port in
      let begin = ContinuousClock.now
      let peer = try await Peer(port: port)
      if !text.isEmpty { try await peer.send(text) }
      try await expectEqual(peer.receive(), "")
      #expect(begin.duration(to: .now) >= .milliseconds(250))
    }
  }

  @Test("Sending a byte now and then does not extend the timeout")
  func slowLoris() async throws {
    try await withEndpoint(configure: { $0.peerTimeout = .milliseconds(300) }) { port in
      let peer = try await Peer(port: port)
      await withTaskGroup(of: Void.self) { group in
        group.addTask {
          while (try? await Task.sleep(for: .milliseconds(20))) != nil { try? await peer.send("G") }
        }
        #expect((try? await peer.receive()) != nil)
        group.cancelAll()
      }
    }
  }

  @Test("A peer that does not take its answer is closed at the timeout")
  func slowReader() async throws {
    let text = String(repeating: "a 1\n", count: 8_000_000)
    var closures = Closures()
    closures.metrics = { text }
    try await withEndpoint(
      closures,
      configure: {
        $0.peerTimeout = .milliseconds(500)
        $0.maximumConnections = 1
      }
    ) { port in
      let peer = try await Peer(port: port, reads: false)
      try await peer.send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
      // Its place is free again.
      #expect(
        await eventually {
          ((try? await Peer.get(port, "/healthz")) ?? "").hasPrefix("HTTP/1.1 200")
        })
      await peer.close()
    }
  }

  @Test("A peer that sends too much is closed")
  func tooMuch() async throws {
    try await withEndpoint { port in
      let peer = try await Peer(port: port)
      let long = String(repeating: "x", count: 100_000)
      try? await peer.send("POST /metrics HTTP/1.1\r\nContent-Length: 100000\r\n\r\n\(long)")
      try await expectEqual(peer.receive(), "")
      try await expectEqual(Peer.get(port, "/healthz"), response("200 OK", "ok\n"))
    }
  }

  @Test("Connections beyond the limit are closed at once, those within it are served")
  func connectionLimit() async throws {
    try await withEndpoint(configure: { $0.maximumConnections = 4 }) { port in
      var peers: [Peer] = []
      // Served and closed, they show that the places before them are counted.
      for _ in 0..<3 {
        peers.append(try await Peer(port: port))
        try await expectEqual(Peer.get(port, "/healthz"), response("200 OK", "ok\n"))
        // Its place is free when the server has seen its end.
        try await Task.sleep(for: .milliseconds(50))
      }
      peers.append(try await Peer(port: port))
      for _ in 0..<50 { try await expectEqual(Peer(port: port).receive(), "") }
      await peers[0].close()
      #expect(
        await eventually {
          ((try? await Peer.get(port, "/healthz")) ?? "").hasPrefix("HTTP/1.1 200")
        })
      try await peers[1].send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
      try await expectEqual(peers[1].receive(), response("200 OK", "a 1\n", type: metricsType))
      for peer in peers { await peer.close() }
    }
  }

  @Test("Many peers at the same time are all answered")
  func many() async throws {
    try await withEndpoint { port in
      try await withThrowingTaskGroup(of: String.self) { group in
        for index in 0..<500 {
          if index >= 50 { _ = try await group.next() }
          group.addTask { try await Peer.get(port, "/metrics") }
        }
        for try await answer in group {
          #expect(answer == response("200 OK", "a 1\n", type: metricsType))
        }
      }
    }
  }

  @Test("A graceful shutdown closes the port, answers what was asked, and returns")
  func gracefulShutdown() async throws {
    let gate = Gate()
    var closures = Closures()
    closures.metrics = {
      await gate.pass()
      return "a 1\n"
    }
    let (endpoint, ports) = makeEndpoint(closures, configure: { $0.shutdownGrace = .seconds(60) })
    try await testGracefulShutdown { trigger in
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await endpoint.run() }
        for await port in ports.prefix(1) {
          let idle = try await Peer(port: port)
          async let answer = Peer.get(port, "/metrics")
          #expect(await eventually { gate.entered == 1 })
          trigger.triggerGracefulShutdown()
          #expect(await eventually { (try? await Peer(port: port)) == nil })
          gate.open()
          try await expectEqual(answer, response("200 OK", "a 1\n", type: metricsType))
          try await expectEqual(idle.receive(), "")
        }
        try await group.waitForAll()
      }
    }
  }

  @Test("A shutdown does not wait for peers beyond its grace, nor for closures beyond theirs")
  func shutdownGrace() async throws {
    let gate = Gate()
    let text = String(repeating: "a 1\n", count: 8_000_000)
    var closures = Closures()
    closures.metrics = { text }
    closures.readyz = {
      await gate.pass()
      return nil
    }
    let (endpoint, ports) = makeEndpoint(
      closures,
      configure: {
        $0.shutdownGrace = .milliseconds(200)
        $0.healthDeadline = .seconds(1)
        $0.peerTimeout = .seconds(100)
      })
    try await testGracefulShutdown { trigger in
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await endpoint.run() }
        for await port in ports.prefix(1) {
          let slow = try await Peer(port: port, reads: false)
          try await slow.send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
          let hanging = try await Peer(port: port)
          try await hanging.send("GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n")
          #expect(await eventually { gate.entered == 1 })
          let begin = ContinuousClock.now
          trigger.triggerGracefulShutdown()
          try await group.waitForAll()
          #expect(begin.duration(to: .now) < .seconds(20))
          await slow.close()
          await hanging.close()
        }
      }
    }
    gate.open()
  }

  @Test("An address in use is an error that names it")
  func addressInUse() async throws {
    try await withEndpoint { port in
      let (second, _) = makeEndpoint(configure: { $0.port = port })
      let error = await #expect(throws: MetricsEndpointError.self) { try await second.run() }
      let description = try #require(error?.description)
      #expect(description.hasPrefix("listen at 127.0.0.1, port \(port): "))
      #expect(description.contains("Address already in use"))
    }
  }
}

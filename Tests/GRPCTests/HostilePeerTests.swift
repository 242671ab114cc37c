import GRPC
import Testing

@Suite(
  "A server goes on serving, and gets its descriptors back, after", .serialized,
  .timeLimit(.minutes(1)))
struct HostilePeerTests {
  @Test("bytes that are no protocol at all")
  func garbage() async throws {
    try await withPeers(200) { peer, number in
      var random = SplitMix(seed: UInt64(number))
      peer.send((0..<Int.random(in: 1...4096, using: &random)).map { _ in random.byte() })
    }
  }

  @Test(
    "another protocol's greeting",
    arguments: [
      "GET / HTTP/1.1\r\nHost: csi\r\n\r\n",
      "POST /csi.v1.Identity/Probe HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
      "\u{16}\u{03}\u{01}\u{00}\u{05}\u{01}\u{00}\u{00}\u{01}\u{00}", "\n", "EHLO csi\r\n",
    ])
  func otherProtocols(greeting: String) async throws {
    try await withPeers(50) { peer, _ in peer.send(Array(greeting.utf8)) }
  }

  @Test("an HTTP/2 preface with random frames after it")
  func randomFrames() async throws {
    try await withPeers(200) { peer, number in
      var random = SplitMix(seed: UInt64(number))
      peer.send(HTTP2.preface)
      for _ in 0..<20 {
        let payload = (0..<Int.random(in: 0...64, using: &random)).map { _ in random.byte() }
        peer.send(
          HTTP2.frame(
            type: random.byte() % 12, flags: random.byte(),
            stream: UInt32.random(in: 0...8, using: &random), payload))
      }
    }
  }

  @Test("random bytes where a request's headers and its message should be")
  func randomRequests() async throws {
    try await withPeers(200) { peer, number in
      var random = SplitMix(seed: UInt64(number))
      let payload = (0..<Int.random(in: 1...200, using: &random)).map { _ in random.byte() }
      if number.isMultiple(of: 2) {
        peer.send(HTTP2.preface + HTTP2.frame(type: 1, flags: 0x4, stream: 1, payload))
      } else {
        peer.send(
          HTTP2.preface + HTTP2.headers(echo.path)
            + HTTP2.frame(type: 0, flags: 0x1, stream: 1, payload))
      }
    }
  }

  @Test("peers that connect and say nothing")
  func silence() async throws { try await withPeers(200) { _, _ in } }

  @Test("peers that stop in the middle of the preface, of a frame, or of a request")
  func halfAWord() async throws {
    let whole = HTTP2.preface + HTTP2.request(echo.path, message: [1, 2, 3])
    try await withPeers(whole.count) { peer, number in peer.send(Array(whole.prefix(number))) }
  }

  @Test("peers that close their own side and go on listening")
  func halfOpen() async throws {
    try await withPeers(100) { peer, number in
      switch number % 3 {
      case 0: break
      case 1: peer.send(HTTP2.preface)
      default: peer.send(HTTP2.preface + HTTP2.request(echo.path, message: [1, 2, 3]))
      }
      peer.closeSending()
    }
  }

  @Test("peers that ask and never read the answer")
  func neverReads() async throws {
    let large = answering("/test.Hostile/Large") { _ in pattern(1 << 20) }
    try await withPeers(50, methods: [echo, large]) { peer, _ in
      peer.send(HTTP2.preface + HTTP2.request(large.path, message: []))
    }
  }

  @Test("a call that carries no message, which is INTERNAL")
  func noMessage() async throws {
    try await withPeers(20) { peer, _ in
      peer.send(
        HTTP2.preface + HTTP2.headers(echo.path)
          + HTTP2.frame(type: 0, flags: 0x1, stream: 1, []))
      // The core sends header fields as literals without Huffman coding.
      let code = Array("grpc-status".utf8) + [2] + Array("13".utf8)
      #expect(await peer.receive(until: code))
    }
  }

  @Test("a request whose stream the peer resets at once, many times over one connection")
  func rapidReset() async throws {
    try await withPeers(4) { peer, _ in
      peer.send(HTTP2.preface)
      for index in 0..<500 {
        let stream = UInt32(2 * index + 1)
        peer.send(
          HTTP2.headers(echo.path, stream: stream)
            + HTTP2.frame(type: 3, flags: 0, stream: stream, [0, 0, 0, 8]))
      }
    }
  }

  /// Lets `count` peers, all connected at once, do what `act` does; expects answers while they are
  /// there and after they have gone.
  private func withPeers(
    _ count: Int, methods: [Method] = [echo], _ act: (Peer, Int) async throws -> Void,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    try await withTemporaryDirectory { directory in
      let path = "\(directory)/csi.sock"
      try await withServer(at: .unix(path: path), methods: methods) { _ in
        try await Client.with(.unix(path: path)) { client in
          // Eventually: what a peer has asked for counts as in flight until it has been seen to be
          // over, and beyond the bound others are refused.
          let answers = {
            await eventually { await outcome(of: client, echo.path, [1]) == .success([1]) }
          }
          #expect(await answers(), sourceLocation: sourceLocation)
          let before = Resources()
          var peers: [Peer] = []
          for number in 0..<count {
            let peer = try Peer(path)
            peers.append(peer)
            try await act(peer, number)
          }
          #expect(await answers(), sourceLocation: sourceLocation)
          for peer in peers { peer.close() }
          #expect(await answers(), sourceLocation: sourceLocation)
          await expectNoGrowth(since: before, allowance: count / 2 + 10, sourceLocation)
        }
      }
    }
  }
}

/// The same peers in every run.
private struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: next() >> 32) }
}

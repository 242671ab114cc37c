import GRPC
import Testing

@Suite("A handler's error", .timeLimit(.minutes(1)))
struct RPCErrorTests {
  /// What a caller gets when a handler throws `error`.
  private func received(_ error: RPCError) async throws -> Result<[UInt8], RPCError> {
    let method = Method("/test.Error/Throw") { _, _ throws(RPCError) in throw error }
    return try await withServerAndClient(methods: [method]) { _, client in
      await outcome(of: client, method.path, [1])
    }
  }

  @Test("reaches the caller with its code", arguments: StatusCode.allCases)
  func codes(code: StatusCode) async throws {
    let expected: StatusCode = code == .ok ? .unknown : code
    #expect(
      try await received(RPCError(code, "volume pvc-1"))
        == .failure(RPCError(expected, "volume pvc-1")))
  }

  @Test(
    "reaches the caller with its message",
    arguments: [
      "", " ", "a", "100% of %41 and %", "Gerät „nvme0n1“ – 設備 🔌", "\u{FFFD}\u{10FFFF}",
      String(repeating: "x", count: 4000), String(repeating: "ü", count: 600),
    ])
  func messages(message: String) async throws {
    #expect(
      try await received(RPCError(.failedPrecondition, message))
        == .failure(RPCError(.failedPrecondition, message)))
  }

  @Test("has its control characters replaced: a status is one line")
  func controlCharacters() async throws {
    #expect(
      try await received(RPCError(.internal, "a\nb\r\n\tc\0d\u{7F}\u{85}e"))
        == .failure(RPCError(.internal, "a b   c d  e")))
  }

  @Test(
    "that is too long for a header is cut, and keeps its code",
    arguments: ["x", "%", "ü", "設", "🔌", "\n"])
  func long(unit: String) async throws {
    let message = String(repeating: unit, count: 100_000)
    let answer = try await received(RPCError(.aborted, message))
    guard case .failure(let error) = answer else {
      Issue.record("answered")
      return
    }
    #expect(error.code == .aborted)
    #expect(error.message.last == "…")
    let kept = error.message.dropLast()
    #expect(kept.allSatisfy { String($0) == (unit == "\n" ? " " : unit) })
    #expect(kept.count >= 300)
  }

  @Test("describes itself with code and message")
  func description() {
    #expect(RPCError(.notFound, "volume pvc-1").description == "notFound: volume pvc-1")
  }
}
